import type { ConfigPath, Located } from './located.ts';

/** What stands in the place of a value that must not be seen. */
export const MASK = '***';

const SECRET_NAME =
  /pass(?:word|wd|phrase)|secret|token|credential|sasl|^key$|^headers$|(?:api|private|access|encryption|ssl)[_-]?key/i;

/** The password of a URL, or a value behind its "?" that is named like a secret. */
const SECRET_IN_URL =
  /(?<=^[a-z][a-z\d+.-]*:\/\/[^/?#@:]*:)[^/?#]*(?=@)|(?<=[?&][^=&#]*(?:pass|secret|token|key)[^=&#]*=)[^&#]*/gi;

/**
 * True for a path through a key that is named like a secret. What stands under `event`, and under `columns` of a sink, are
 * names and paths of fields, chosen by what events look like (`completion_tokens`), and never secrets.
 */
export function isSecretPath(path: ConfigPath): boolean {
  if (path[0] === 'processor' && (path[1] === 'event' || path[3] === 'columns')) return false;
  return path.some((step) => typeof step === 'string' && SECRET_NAME.test(step));
}

/** The text with what is secret in it masked, where it is a URL. */
export function withoutSecrets(text: string): string {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text.replace(SECRET_IN_URL, MASK) : text;
}

/**
 * True if a value must not be shown in a message, for the name of its key or for the way it was set. What is wrong with a URL
 * may be what keeps the password in it from being found.
 */
export function mustConceal(path: ConfigPath, node: Located | undefined): boolean {
  return isSecretPath(path) || path.at(-1) === 'url' || (node !== undefined && holdsConcealed(node));
}

/** True if some scalar of the tree must never be shown. */
function holdsConcealed(node: Located): boolean {
  if (node.kind === 'scalar') return node.concealed;
  if (node.kind === 'list') return node.items.some(holdsConcealed);
  return [...node.entries.values()].some(({ value }) => holdsConcealed(value));
}
