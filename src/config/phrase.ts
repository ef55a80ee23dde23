import { isSection, type Outline } from './schema/outline.ts';
import { withoutSecrets } from './secrets.ts';

/** What a key allows, in words that follow "expected": `a number of seconds > 0`. */
export function allowedBy(outline: Outline): string {
  if (outline.allowed !== undefined) return outline.allowed;
  const values = valuesOf(outline);
  if (values.length === 1) return String(values[0]);
  if (values.length > 1) return `one of ${values.map(String).join(', ')}`;
  if (isSection(outline)) return `a section with the keys ${Object.keys(outline.properties ?? {}).join(', ')}`;
  const names = typesOf(outline).map((type) => nameOfType(type, outline));
  return names.length === 0 ? 'a value' : names.join(' or ');
}

/** The values that an enumeration allows; empty where it is none. */
export function valuesOf(outline: Outline): readonly unknown[] {
  if (outline.enum !== undefined) return outline.enum;
  return outline.const === undefined ? [] : [outline.const];
}

/** The JSON types that a key takes. */
export function typesOf(outline: Outline): readonly string[] {
  const own = typeof outline.type === 'string' ? [outline.type] : (outline.type ?? []);
  const below = [...(outline.anyOf ?? []), ...(outline.oneOf ?? [])].flatMap(typesOf);
  return [...new Set([...own, ...below])];
}

function nameOfType(type: string, outline: Outline): string {
  switch (type) {
    case 'number':
    case 'integer': {
      const unit = outline.unit === undefined ? '' : ` of ${outline.unit}`;
      return `a ${type === 'integer' ? 'whole ' : ''}number${unit}${rangeOf(outline)}`;
    }
    case 'string':
      return 'text';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'null':
      return 'null';
    default:
      return 'a section';
  }
}

/** The range of a number, to be put after it: ` > 0`, ` from 0 to 65535`; empty where there is none. */
export function rangeOf(outline: Outline): string {
  const { minimum, exclusiveMinimum, exclusiveMaximum } = outline;
  // A limit that only says that doubles end somewhere is no help to anybody.
  const maximum = outline.maximum !== undefined && outline.maximum < 8.64e12 ? outline.maximum : undefined;
  if (minimum !== undefined && minimum > -8.64e12 && maximum !== undefined) {
    return ` from ${String(minimum)} to ${String(maximum)}`;
  }
  const parts: string[] = [];
  if (minimum !== undefined && minimum > -8.64e12) parts.push(`≥ ${String(minimum)}`);
  if (exclusiveMinimum !== undefined) parts.push(`> ${String(exclusiveMinimum)}`);
  if (maximum !== undefined) parts.push(`≤ ${String(maximum)}`);
  if (exclusiveMaximum !== undefined) parts.push(`< ${String(exclusiveMaximum)}`);
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`;
}

const LONGEST_SHOWN = 60;

/** A value as a message shows it, cut if it is long. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (value instanceof Map) return 'a mapping';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'object' && !Array.isArray(value)) return 'a mapping';
  if (Array.isArray(value) && value.some((item) => typeof item === 'object')) return 'a list';
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'string' ? withoutSecrets(inner) : inner,
  );
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}
