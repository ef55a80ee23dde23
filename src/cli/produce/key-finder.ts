import { keyTextOf } from '../../decode/key-text.ts';
import { nameOfPath, parseFieldPath, valueAt, type FieldPath } from '../../event/field-path.ts';
import { GroupingKey, type KeyField } from '../../event/grouping-key.ts';

/** Finds the grouping key of an event as a pipeline would, so that records are partitioned by it. */
export class KeyFinder {
  readonly #fields: readonly { readonly name: string; readonly steps: ReturnType<typeof parseFieldPath> }[];
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  /** Events that have no key, since they cannot be read. */
  unreadable = 0;

  /** @param paths where the fields of the key stand; none for events without a key. */
  constructor(paths: readonly FieldPath[]) {
    this.#fields = paths.map((path) => ({ name: nameOfPath(path), steps: parseFieldPath(path) }));
  }

  /** The key of an event in JSON, as text; null where there is none. */
  keyOf(event: Uint8Array): string | null {
    if (this.#fields.length === 0) return null;
    const value = this.#parse(event);
    const fields: KeyField[] = [];
    for (const { name, steps } of this.#fields) {
      const text = typeof value === 'object' && !Array.isArray(value) ? keyTextOf(valueAt(value, steps)) : undefined;
      if (value === null || text === undefined) {
        this.unreadable += 1;
        return null;
      }
      fields.push([name, text]);
    }
    return GroupingKey.fromFields(fields).toString();
  }

  #parse(event: Uint8Array): unknown {
    try {
      return JSON.parse(this.#decoder.decode(event)) as unknown;
    } catch {
      return null;
    }
  }
}
