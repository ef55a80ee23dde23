import { z } from 'zod';
import { parseFieldPath, type FieldPath } from '../../event/field-path.ts';
import { ProcessorError } from '../../errors/processor-error.ts';

/** What a person needs to know of a key beyond its type: the reference page and error messages are made from it. */
export interface SettingDoc {
  /** What the key does. One or two sentences of Markdown. */
  readonly description: string;
  /** What a number counts, in the plural: `seconds`. */
  readonly unit?: string;
  /** A value that makes sense, where the default does not show one. */
  readonly example?: unknown;
  /** What is allowed, in words, where the schema alone does not say it well. */
  readonly allowed?: string;
  /** The default in words, where it is not one constant. */
  readonly defaultText?: string;
}

/** The documentation of every key, by schema. */
export const settingDocs = z.registry<SettingDoc>();

/** Documents a key. Comes last: wrapping the schema again (`.default()`) would leave the documentation behind. */
export function setting<S extends z.ZodType>(schema: S, doc: SettingDoc): S {
  // The registry's own parameter type is conditional on S and cannot be resolved here; a SettingDoc fits every schema.
  (settingDocs as z.core.$ZodRegistry<SettingDoc, z.ZodType>).add(schema, doc);
  return schema;
}

/** The longest time a timer can wait: beyond 2³¹ − 1 ms it would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;
/** The longest span of event time, in seconds. */
const MAX_SECS = 8.64e12;

/** Milliseconds of a `_secs` key. Rounded, since 1.001 × 1000 is 1000.9999999999999 in binary. */
export function millisOfSecs(seconds: number): number {
  return Math.round(seconds * 1000);
}

function isWholeMillis(seconds: number): boolean {
  const ms = seconds * 1000;
  return Math.abs(ms - Math.round(ms)) <= Math.max(1e-6, Math.abs(ms) * Number.EPSILON * 2);
}

const WHOLE_MILLIS = 'a whole number of milliseconds, so at most 3 decimals';

/** A span of event time in seconds, > 0, fractions down to a millisecond. */
export function positiveSecs() {
  return z.number().gt(0).max(MAX_SECS).refine(isWholeMillis, WHOLE_MILLIS);
}

/** A span of event time in seconds, ≥ 0, fractions down to a millisecond. */
export function secs() {
  return z.number().min(0).max(MAX_SECS).refine(isWholeMillis, WHOLE_MILLIS);
}

/** A shift in seconds, of either sign, fractions down to a millisecond. */
export function signedSecs() {
  return z.number().min(-MAX_SECS).max(MAX_SECS).refine(isWholeMillis, WHOLE_MILLIS);
}

/** A wait by the clock in seconds, from `minimum`, at most what a timer can do. */
export function timerSecs(minimum: number) {
  return z
    .number()
    .min(minimum)
    .max(MAX_TIMER_MS / 1000)
    .refine(isWholeMillis, WHOLE_MILLIS);
}

/** A wait by the clock in whole milliseconds, from `minimum`, at most what a timer can do. */
export function timerMillis(minimum: number) {
  return z.int().min(minimum).max(MAX_TIMER_MS);
}

/** A whole number in a range. */
export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) {
  return z.int().min(minimum).max(maximum);
}

/** Text with something in it. */
export function text() {
  return z.string().min(1);
}

/** The name of a topic of Kafka. */
export function topicName() {
  const allowed = '1 to 249 letters, digits, dots, hyphens and underscores';
  return z.string().refine((name) => /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/.test(name), allowed);
}

/** A path to a file or folder, relative to the working directory. */
export function filePath() {
  return text();
}

const FIELD_PATH = 'a field path such as usage.cost or items[0].price, or ["usage", "a.b"] where a name has a dot';

function isFieldPath(path: FieldPath): boolean {
  return isSound(() => parseFieldPath(path));
}

/** True where `parse` takes a value; false where it refuses it with an error of the processor's. */
export function isSound(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (ProcessorError.is(error)) return false;
    throw error;
  }
}

/** Where a field stands in an event. */
export function fieldPath() {
  return z.union([z.string(), z.array(z.union([z.string(), z.int().min(0)]))]).refine(isFieldPath, FIELD_PATH);
}

/** The words for what {@link fieldPath} allows. */
export const FIELD_PATH_ALLOWED = FIELD_PATH;
