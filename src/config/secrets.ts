import type { ConfigPath, Located } from './located.ts';

/** What stands in the place of a value that must not be seen. */
export const MASK = '***';

const SECRET_NAME =
  /pass(?:word|wd|phrase)|secret|token|credential|sasl|^key$|(?:api|private|access|encryption|ssl)[_-]?key/i;

/**
 * True for a path through a key that is named like a secret. What stands under `event` are names and paths of
 * fields, chosen by what events look like (`completion_tokens`), and never secrets.
 */
export function isSecretPath(path: ConfigPath): boolean {
  if (path[0] === 'processor' && path[1] === 'event') return false;
  return path.some((step) => typeof step === 'string' && SECRET_NAME.test(step));
}

/** True if a value must not be shown, for the name of its key or for the way it was set. */
export function mustConceal(path: ConfigPath, node: Located | undefined): boolean {
  return isSecretPath(path) || (node !== undefined && holdsConcealed(node));
}

/** True if some scalar of the tree must never be shown. */
function holdsConcealed(node: Located): boolean {
  if (node.kind === 'scalar') return node.concealed;
  if (node.kind === 'list') return node.items.some(holdsConcealed);
  return [...node.entries.values()].some(({ value }) => holdsConcealed(value));
}
