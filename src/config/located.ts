/** Where a value of the configuration comes from. */
export type Origin =
  | { readonly type: 'default' }
  | { readonly type: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly type: 'environment'; readonly name: string }
  | { readonly type: 'command-line'; readonly option: string };

/** Keys and list positions from the top of the file. */
export type ConfigPath = readonly (string | number)[];

interface Placed {
  readonly origin: Origin;
}

/** A scalar with its place. */
export interface LocatedScalar extends Placed {
  readonly kind: 'scalar';
  readonly value: unknown;
  /** The value is text from outside the file, to be read by the type that its key has. */
  readonly fromText: boolean;
  /** The value must never be shown. */
  readonly concealed: boolean;
}

/** A list with its place. */
export interface LocatedList extends Placed {
  readonly kind: 'list';
  readonly items: readonly Located[];
}

/** A mapping with its place. */
export interface LocatedMap extends Placed {
  readonly kind: 'map';
  /** By key; `at` is the place of the key itself. */
  readonly entries: Map<string, { readonly at: Origin; value: Located }>;
}

/** A tree of values in which each knows where it comes from: what the layers are laid into. */
export type Located = LocatedScalar | LocatedList | LocatedMap;

/** The place of a key, and the value under it as far as there is one. */
export interface Place {
  /** The value at the path; undefined where the path leads beyond what is there. */
  readonly node: Located | undefined;
  /** The deepest value on the way. */
  readonly nearest: Located;
  /** The place of the last key on the way, or of the value itself in a list. */
  readonly keyAt: Origin;
}

/** Follows a path as far as it goes. */
export function placeOf(root: Located, path: ConfigPath): Place {
  let nearest = root;
  let keyAt = root.origin;
  for (const step of path) {
    if (nearest.kind === 'map' && typeof step === 'string') {
      const entry = nearest.entries.get(step);
      if (entry === undefined) return { node: undefined, nearest, keyAt };
      nearest = entry.value;
      keyAt = entry.at;
    } else if (nearest.kind === 'list' && typeof step === 'number') {
      const item = nearest.items[step];
      if (item === undefined) return { node: undefined, nearest, keyAt };
      nearest = item;
      keyAt = item.origin;
    } else {
      return { node: undefined, nearest, keyAt };
    }
  }
  return { node: nearest, nearest, keyAt };
}

/**
 * Lays a value over what is at a path, making the sections on the way. Does nothing where something that is no
 * section stands in the way: that is an error of its own, and reported as such.
 */
export function layOver(root: LocatedMap, path: readonly string[], value: Located): void {
  let map = root;
  for (const key of path.slice(0, -1)) {
    const entry = map.entries.get(key);
    let below = entry?.value;
    if (below === undefined || (below.kind === 'scalar' && below.value === null)) {
      below = { kind: 'map', origin: value.origin, entries: new Map() };
      map.entries.set(key, { at: entry?.at ?? value.origin, value: below });
    }
    if (below.kind !== 'map') return;
    map = below;
  }
  const last = path.at(-1);
  if (last !== undefined) map.entries.set(last, { at: value.origin, value });
}

/** Takes away what is at a path, if there is something. */
export function takeAway(root: LocatedMap, path: readonly string[]): void {
  const { node } = placeOf(root, path.slice(0, -1));
  if (node?.kind === 'map') node.entries.delete(path.at(-1) ?? '');
}

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;

/** A path as a person writes it: `processor.sinks[0].path`. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'string' && PLAIN_KEY.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** A place as a person reads it: `processor.yaml:12:5`, `PROCESSOR_NAME`, `--window`. */
export function formatOrigin(origin: Origin): string {
  switch (origin.type) {
    case 'file':
      return `${origin.file}:${String(origin.line)}:${String(origin.column)}`;
    case 'environment':
      return origin.name;
    case 'command-line':
      return origin.option;
    case 'default':
      return 'default';
  }
}
