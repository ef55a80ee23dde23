/** The fields of a key, by name; null where an event has none. */
export type KeyFields = Readonly<Record<string, string | null>>;

/** A field of a key, for people: an empty one and one that is not there are to be told apart. */
export function formatField(value: string | null | undefined): string {
  if (value === null || value === undefined) return '(none)';
  return value === '' ? '(empty)' : value;
}

/** A key in a line: `gpt-4o · us-east-1`. */
export function formatKey(fields: KeyFields): string {
  const values = Object.values(fields);
  return values.length === 0 ? 'all events' : values.map(formatField).join(' · ');
}

const CHARACTERS: Readonly<Record<string, string>> = { '%25': '%', '%3D': '=', '%3A': ':' };

/** The fields of a key as the processor writes it: `model=gpt-4o::region=us-east-1`. */
export function fieldsOfKey(key: string): KeyFields {
  if (key === '') return {};
  const plain = (text: string): string => text.replace(/%25|%3D|%3A/g, (escape) => CHARACTERS[escape] ?? escape);
  const fields = key.split('::').map((field): readonly [string, string | null] => {
    const [name = '', value = ''] = field.split('=', 2);
    return [plain(name), value === '%00' ? null : plain(value)];
  });
  return Object.fromEntries(fields);
}
