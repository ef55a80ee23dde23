import type { Located } from './located.ts';
import { typesOf, valuesOf } from './phrase.ts';
import { isSection, outlineBelow, type Outline } from './schema/outline.ts';

/**
 * A tree as plain values for the schema to check. Mappings whose keys are the user's become Maps, sections become
 * objects without a prototype: `__proto__` is a key like any other in both.
 */
export function plainValue(node: Located, outline: Outline | undefined): unknown {
  switch (node.kind) {
    case 'scalar':
      if (node.value === null && outline !== undefined && isSection(outline)) return sectionOf([]);
      return node.fromText && typeof node.value === 'string' ? valueOfText(node.value, outline) : node.value;
    case 'list':
      return node.items.map((item, index) => plainValue(item, outline && outlineBelow(outline, index)));
    case 'map':
      return mappingOf(
        [...node.entries].map(([key, { value }]) => [key, plainValue(value, outline && outlineBelow(outline, key))]),
        outline,
      );
  }
}

function mappingOf(entries: readonly (readonly [string, unknown])[], outline: Outline | undefined): unknown {
  const isMap = outline !== undefined && !isSection(outline) && typesOf(outline).includes('object');
  return isMap && outline.oneOf === undefined ? new Map(entries) : sectionOf(entries);
}

function sectionOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const section = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries) section[key] = value;
  return section;
}

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/**
 * The value that text from outside the file stands for, by the type of its key: lists as JSON or separated by commas,
 * numbers and booleans as YAML has them. What fits no type stays text, for the schema to complain of.
 */
function valueOfText(text: string, outline: Outline | undefined): unknown {
  if (outline === undefined) return text;
  const trimmed = text.trim();
  const types = typesOf(outline);
  if ((types.includes('array') && trimmed.startsWith('[')) || (types.includes('object') && trimmed.startsWith('{'))) {
    try {
      return valueOfJson(JSON.parse(trimmed), outline);
    } catch {
      return text;
    }
  }
  if (isList(outline, trimmed)) {
    const below = outlineBelow(outline, 0);
    return trimmed === '' ? [] : trimmed.split(',').map((part) => valueOfText(part.trim(), below));
  }
  if (types.includes('null') && (trimmed === '' || trimmed === 'null')) return null;
  if (types.includes('boolean') && /^(?:true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true';
  if ((types.includes('number') || types.includes('integer')) && NUMBER.test(trimmed)) return Number(trimmed);
  return valuesOf(outline).length > 0 ? trimmed : text;
}

/** True where commas separate entries: the key takes a list, and the text cannot be its single-value form. */
function isList(outline: Outline, text: string): boolean {
  if (outline.type === 'array') return true;
  const list = outline.anyOf?.find((branch) => branch.type === 'array');
  return list?.items?.enum !== undefined && text.includes(',');
}

function valueOfJson(value: unknown, outline: Outline | undefined): unknown {
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => valueOfJson(item, outline && outlineBelow(outline, index)));
  }
  if (typeof value !== 'object' || value === null) return value;
  return mappingOf(
    Object.entries(value).map(([key, below]) => [key, valueOfJson(below, outline && outlineBelow(outline, key))]),
    outline,
  );
}
