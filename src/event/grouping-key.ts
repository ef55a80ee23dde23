import { ProcessorError } from '../errors/processor-error.ts';

/** Name and value of one key field; null where the event has no such field. */
export type KeyField = readonly [name: string, value: string | null];

const SEPARATOR = '::';
const ABSENT = '%00';
const RESERVED = /[%=:]/g;
const ESCAPED = /%(?:25|3D|3A)/g;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['%', '%25'],
  ['=', '%3D'],
  [':', '%3A'],
]);
const CHARACTERS: ReadonlyMap<string, string> = new Map(
  [...ESCAPES].map(([character, escaped]) => [escaped, character]),
);

function escape(text: string): string {
  return text.replace(RESERVED, (character) => ESCAPES.get(character) ?? character);
}

function unescape(text: string): string {
  return text.replace(ESCAPED, (escaped) => CHARACTERS.get(escaped) ?? escaped);
}

/**
 * What events are grouped by: named fields in a fixed order. Two keys are equal when their text is, and different
 * keys never have the same text: `%`, `=` and `:` are percent-encoded, a missing field is `name=%00`.
 */
export class GroupingKey {
  readonly fields: readonly KeyField[];
  readonly #text: string;

  private constructor(fields: readonly KeyField[]) {
    this.fields = fields;
    this.#text = fields
      .map(([name, value]) => `${escape(name)}=${value === null ? ABSENT : escape(value)}`)
      .join(SEPARATOR);
  }

  /**
   * A key of the given fields, in the given order.
   * @throws ProcessorError KEY_INVALID for no fields, a name given twice, or a value that is neither text nor null.
   */
  static fromFields(fields: readonly KeyField[]): GroupingKey {
    if (fields.length === 0) throw invalid('a grouping key needs at least one field');
    const names = new Set<string>();
    for (const [name, value] of fields) {
      if (typeof name !== 'string') throw invalid(`the name of a field must be text, found ${typeof name}`);
      if (names.has(name)) throw invalid(`the field "${name}" is there twice`);
      if (value !== null && typeof value !== 'string') {
        throw invalid(`the field "${name}" must be text or null, found ${typeof value}`);
      }
      names.add(name);
    }
    return new GroupingKey(fields.map(([name, value]) => [name, value]));
  }

  /**
   * The key that {@link GroupingKey.toString} wrote.
   * @throws ProcessorError KEY_INVALID for any other text.
   */
  static parse(text: string): GroupingKey {
    const fields = text.split(SEPARATOR).map((field): KeyField => {
      const middle = field.indexOf('=');
      if (middle === -1) throw invalid(`${JSON.stringify(text)} is no grouping key: a field has no "="`);
      const value = field.slice(middle + 1);
      return [unescape(field.slice(0, middle)), value === ABSENT ? null : unescape(value)];
    });
    const key = GroupingKey.fromFields(fields);
    if (key.#text !== text) throw invalid(`${JSON.stringify(text)} is not how a grouping key is written`);
    return key;
  }

  /** The value of a field; null if the event had none, undefined if the key has no such field. */
  get(name: string): string | null | undefined {
    return this.fields.find(([field]) => field === name)?.[1];
  }

  /** `model=gpt-4::region=us-west-2`. */
  toString(): string {
    return this.#text;
  }

  /** The fields as an object without a prototype, so that `__proto__` is a field like any other. */
  toJSON(): Readonly<Record<string, string | null>> {
    const object = Object.create(null) as Record<string, string | null>;
    for (const [name, value] of this.fields) object[name] = value;
    return object;
  }
}

function invalid(message: string): ProcessorError {
  return new ProcessorError('configuration', 'KEY_INVALID', message);
}
