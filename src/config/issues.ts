import type { z } from 'zod';
import { formatDuration, parseDuration } from '../time/duration.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { Finding } from './finding.ts';
import { formatPath, placeOf, type ConfigPath, type Located } from './located.ts';
import { nearestTo } from './nearest.ts';
import { allowedBy, shown, typesOf, valuesOf } from './phrase.ts';
import { fileOutline, outlineBelow, type Outline } from './schema/outline.ts';
import { MASK, mustConceal } from './secrets.ts';

/** What the schema found wrong, in words, with the place in the layer it came from. */
export function findingsOf(issue: z.core.$ZodIssue, root: Located, values: unknown): readonly Finding[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const keyPath = [...path, key];
      return { origin: placeOf(root, keyPath).keyAt, path: keyPath, message: unknownKey(path, key, values) };
    });
  }
  const place = placeOf(root, path);
  const outline = outlineFor(path, values) ?? {};
  const value = valueAtPath(values, path);
  // The message of a refinement is what it expects, in words.
  const allowed = issue.code === 'custom' ? issue.message : allowedBy(outline);
  if (value === undefined) {
    const example = outline.example === undefined ? '' : `, such as ${JSON.stringify(outline.example)}`;
    return [{ origin: place.keyAt, path, message: `missing; expected ${allowed}${example}` }];
  }
  // Text without a character has nothing to conceal, and is what a variable holds that was not filled.
  const isConcealed = value !== '' && mustConceal(path, place.nearest);
  const found = isConcealed ? MASK : `${shown(value)}${advice(value, outline)}`;
  return [{ origin: place.nearest.origin, path, message: `expected ${allowed}, found ${found}` }];
}

/** What is at a path of the plain values. */
export function valueAtPath(values: unknown, path: ConfigPath): unknown {
  let value = values;
  for (const step of path) {
    if (value instanceof Map) value = value.get(step);
    else if (typeof value === 'object' && value !== null && Object.hasOwn(value, step)) {
      value = (value as Record<string | number, unknown>)[step];
    } else return undefined;
  }
  return value;
}

/** What was probably meant, to be put after what was found. */
function advice(value: unknown, outline: Outline): string {
  const types = typesOf(outline);
  if (typeof value === 'string') {
    const near = nearestTo(value, valuesOf(outline).map(String));
    if (near !== undefined) return `; did you mean ${near}?`;
    const inSeconds = outline.unit === 'seconds' ? secondsOf(value) : undefined;
    if (inSeconds !== undefined) return `; that is ${String(inSeconds)}`;
    if (types.length === 1 && types[0] === 'array') return `; a list of one is [${value}]`;
  }
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  if (isPlain && types.includes('string') && !isEnumeration(outline)) return '; put it in quotes to make it text';
  return '';
}

/** True for what takes nothing but certain values, perhaps of several types. */
function isEnumeration(outline: Outline): boolean {
  const variants = [...(outline.anyOf ?? []), ...(outline.oneOf ?? [])];
  return valuesOf(outline).length > 0 || (variants.length > 0 && variants.every(isEnumeration));
}

/** Seconds of text such as `5m`. */
function secondsOf(text: string): number | undefined {
  try {
    const ms = parseDuration(text);
    return formatDuration(ms) === '' ? undefined : ms / 1000;
  } catch (error) {
    if (ProcessorError.is(error)) return undefined;
    throw error;
  }
}

/** Lists of keys longer than this are left out where the right key is known. */
const LONGEST_LIST = 8;

function unknownKey(parent: ConfigPath, key: string, values: unknown): string {
  const siblings = Object.keys(sectionAt(parent, values)?.properties ?? {});
  const allowed = `allowed here: ${siblings.join(', ')}`;
  if (key === '<<') return `merge keys (<<) are not part of YAML 1.2; write the keys out; ${allowed}`;
  const near = nearestTo(key, siblings);
  if (near !== undefined)
    return `unknown key; did you mean ${near}?${siblings.length > LONGEST_LIST ? '' : ` ${allowed}`}`;
  const elsewhere = parent.some((step) => typeof step === 'number') ? [] : placesOfKey(key);
  if (elsewhere.length > 0) return `unknown key here; there is ${elsewhere.join(' and ')}`;
  return `unknown key; ${allowed}`;
}

/** The section at a path; of one that comes in variants, the one whose `type` is there. */
function sectionAt(path: ConfigPath, values: unknown): Outline | undefined {
  const outline = outlineFor(path, values);
  return outline === undefined ? undefined : variantOf(outline, valueAtPath(values, path));
}

/** The outline at a path from the top of the file, by way of the variants that the values have chosen. */
function outlineFor(path: ConfigPath, values: unknown): Outline | undefined {
  let outline: Outline | undefined = fileOutline;
  for (const [depth, step] of path.entries()) {
    if (outline === undefined) return undefined;
    outline = outlineBelow(variantOf(outline, valueAtPath(values, path.slice(0, depth))), step);
  }
  return outline;
}

function variantOf(outline: Outline, value: unknown): Outline {
  const type = valueAtPath(value, ['type']);
  return outline.oneOf?.find((branch) => branch.properties?.['type']?.const === type) ?? outline;
}

/** Where else in the schema a key of that name stands; at most three places. */
function placesOfKey(key: string): readonly string[] {
  const places: string[] = [];
  const visit = (outline: Outline, path: ConfigPath): void => {
    for (const [name, below] of Object.entries(outline.properties ?? {})) {
      if (name === key || name === `${key}_secs` || name === `${key}_ms`) places.push(formatPath([...path, name]));
      visit(below, [...path, name]);
    }
  };
  visit(fileOutline, []);
  return places.length <= 3 ? places : [];
}
