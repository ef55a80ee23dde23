import { Document, isCollection, isScalar } from 'yaml';
import { valueAtPath } from './issues.ts';
import { formatOrigin, placeOf, type ConfigPath, type Located, type Origin } from './located.ts';
import { leavesOf } from './schema/outline.ts';
import type { ProcessorConfig } from './schema/processor.ts';
import { isSecretPath, MASK, withoutSecrets } from './secrets.ts';

/** One key of a configuration as it is in force. */
export interface ConfigEntry {
  /** From the top of the file: `['processor', 'windows', 'tumbling', 'size_secs']`. */
  readonly path: ConfigPath;
  /** `***` for a secret. */
  readonly value: unknown;
  readonly origin: Origin;
}

/** Every key that has a value, in the order of the schema. */
export function effectiveEntries(config: ProcessorConfig, root: Located): readonly ConfigEntry[] {
  const values = { processor: config };
  return leavesOf().flatMap(({ path }) => entriesAt(path, valueAtPath(values, path), root));
}

/** One entry, or, for mappings and lists of mappings, one for each key in them. */
function entriesAt(path: ConfigPath, value: unknown, root: Located): readonly ConfigEntry[] {
  if (value === undefined) return [];
  if (value instanceof Map) {
    return [...value].flatMap(([key, below]) => entriesAt([...path, String(key)], below, root));
  }
  if (Array.isArray(value) && value.some((item) => isMapping(item))) {
    return value.flatMap((item: unknown, index) => entriesAt([...path, index], item, root));
  }
  if (isMapping(value)) {
    return Object.entries(value).flatMap(([key, below]) => entriesAt([...path, key], below, root));
  }
  const { node, nearest } = placeOf(root, path);
  // A list that a variable gave as one text has no places of its own inside.
  const source = node ?? (nearest.kind === 'scalar' && nearest.value !== null ? nearest : undefined);
  return [{ path, value: masked(value, source, path), origin: source?.origin ?? { type: 'default' } }];
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function masked(value: unknown, node: Located | undefined, path: ConfigPath): unknown {
  if (value !== null && isSecretPath(path)) return MASK;
  if (node?.kind === 'scalar' && node.concealed) return MASK;
  if (typeof value === 'string') return withoutSecrets(value);
  if (node?.kind === 'scalar') return value;
  if (node?.kind === 'list' && Array.isArray(value)) {
    return value.map((item: unknown, index) => masked(item, node.items[index], [...path, index]));
  }
  return value;
}

/** The configuration as one object, secrets masked. */
export function maskedConfig(entries: readonly ConfigEntry[]): unknown {
  const root = Object.create(null) as Record<string | number, unknown>;
  for (const { path, value } of entries) {
    let at = root;
    for (const [depth, step] of path.slice(0, -1).entries()) {
      const next: unknown = at[step] ?? (typeof path[depth + 1] === 'number' ? [] : Object.create(null));
      at[step] = next;
      at = next as Record<string | number, unknown>;
    }
    at[path.at(-1) ?? ''] = value;
  }
  return root;
}

/** The configuration as YAML that can be read back, each value with a comment that says where it comes from. */
export function annotatedYaml(entries: readonly ConfigEntry[]): string {
  const document = new Document(maskedConfig(entries), { version: '1.2' });
  for (const { path, origin } of entries) {
    const node = document.getIn(path, true);
    if (isCollection(node)) node.flow = true;
    if (isCollection(node) || isScalar(node)) node.comment = ` ${formatOrigin(origin)}`;
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
