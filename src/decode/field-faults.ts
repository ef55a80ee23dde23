import type { RejectionReason } from '../results/dead-letter.ts';
import { formatDuration } from '../time/duration.ts';
import { formatInstant, type Instant, type Millis } from '../time/instant.ts';
import type { TimestampUnit } from '../time/timestamp.ts';
import type { DecodePlan, Selector } from './decode-plan.ts';

/** Why a record is refused, before it is known which record of the block it is. */
export interface Fault {
  readonly code: RejectionReason;
  readonly message: string;
  readonly path: string | null;
}

/** What reading a field came to. Only `VALUE` and `INEXACT_INTEGER` have written one. */
export const FieldStatus = {
  VALUE: 0,
  /** A value: the nearest double to a whole number that no double holds. */
  INEXACT_INTEGER: 1,
  MISSING: 2,
  INVALID: 3,
  NOT_FINITE: 4,
} as const;

const UNIT_NAMES: Readonly<Record<TimestampUnit, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
};

/** The fault of a timestamp that came to `status`; `found` is the value as messages name it. */
export function timestampFault(plan: DecodePlan, status: number, found: string): Fault {
  const path = pathOf(plan.timestamp);
  const expected = `expected an RFC 3339 time or a number of ${UNIT_NAMES[plan.timestampUnit]} since 1970`;
  const code = status === FieldStatus.MISSING ? 'missing_timestamp' : 'invalid_timestamp';
  return { code, message: `${placeOf(path, 'timestamp')}: ${expected}, found ${found}`, path };
}

/** The fault of an event time that is too far ahead. */
export function futureFault(plan: DecodePlan, at: Instant, now: Instant): Fault {
  const path = pathOf(plan.timestamp);
  const ahead = `more than ${formatLength(plan.maxFutureMs)} ahead of the clock (${formatInstant(now)})`;
  return {
    code: 'timestamp_in_future',
    message: `${placeOf(path, 'timestamp')}: ${formatInstant(at)} is ${ahead}`,
    path,
  };
}

/** The fault of a key field that is neither text, nor a finite number, nor a boolean, nor missing. */
export function keyFault(name: string, selector: Selector, found: string): Fault {
  const path = pathOf(selector);
  const expected = 'expected text, a finite number, a boolean or null';
  return { code: 'invalid_key', message: `${placeOf(path, `key field "${name}"`)}: ${expected}, found ${found}`, path };
}

/** The fault of a metric that came to `status`. */
export function metricFault(name: string, selector: Selector, status: number, found: string): Fault {
  const path = pathOf(selector);
  const code = status === FieldStatus.NOT_FINITE ? 'not_finite' : 'invalid_value';
  const expected = code === 'not_finite' ? 'expected a number within the range of a double' : 'expected a number';
  return { code, message: `${placeOf(path, `metric "${name}"`)}: ${expected}, found ${found}`, path };
}

function pathOf(selector: Selector): string | null {
  return selector.type === 'path' ? selector.text : null;
}

function placeOf(path: string | null, otherwise: string): string {
  return path === null ? otherwise : `at ${path}`;
}

function formatLength(ms: Millis): string {
  return Number.isInteger(ms) && ms >= 0 ? formatDuration(ms) : `${String(ms)} ms`;
}
