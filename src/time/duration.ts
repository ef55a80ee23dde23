import { present } from '../errors/assert.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { Millis } from './instant.ts';

/** A length of time: milliseconds, or text such as `'100ms'`, `'30s'`, `'5m'`, `'1h30m'`, `'7d'`, `'1.5s'`. */
export type Duration = number | string;

/**
 * The longest duration in ms, some 3,170 years: an instant and three of these add up to less than 2^53, so that
 * window arithmetic is exact.
 */
export const MAX_DURATION = 1e14;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]);
const PART = /(\d{1,16})(?:\.(\d{1,16}))?(ms|s|m|h|d)/y;

/**
 * Milliseconds of a duration; never negative, never fractional. Text is one or more numbers, each with its unit
 * (`ms`, `s`, `m`, `h`, `d`), without spaces between them.
 * @throws ProcessorError DURATION_INVALID for anything else, and beyond {@link MAX_DURATION}.
 */
export function parseDuration(duration: Duration, what = 'duration'): Millis {
  const ms = typeof duration === 'string' ? millisOfText(duration.trim()) : duration;
  if (!Number.isInteger(ms) || ms < 0 || ms > MAX_DURATION) {
    const found = typeof duration === 'string' ? JSON.stringify(duration) : String(duration);
    throw new ProcessorError(
      'configuration',
      'DURATION_INVALID',
      `${what}: ${found} is not a duration; use whole milliseconds (300000) or text such as "100ms", "30s", "5m", "1h30m"`,
    );
  }
  return ms + 0;
}

function millisOfText(text: string): number {
  if (text === '') return Number.NaN;
  let total = 0;
  let at = 0;
  while (at < text.length) {
    PART.lastIndex = at;
    const match = PART.exec(text);
    if (match === null) return Number.NaN;
    total += millisOfPart(match[1] ?? '', match[2] ?? '', present(UNIT_MS.get(match[3] ?? ''), 'unit'));
    at = PART.lastIndex;
  }
  return total;
}

/** In whole numbers, since `1.001 * 1000` is not 1001 in binary; NaN for a fraction of a millisecond. */
function millisOfPart(whole: string, fraction: string, unitMs: number): number {
  const scaled = BigInt(whole + fraction) * BigInt(unitMs);
  const scale = 10n ** BigInt(fraction.length);
  return scaled % scale === 0n ? Number(scaled / scale) : Number.NaN;
}

/** The text of a duration with its largest units first, which {@link parseDuration} reads back: `300000` → `5m`. */
export function formatDuration(ms: Millis): string {
  if (ms === 0) return '0ms';
  let rest = ms;
  let text = '';
  for (const [unit, unitMs] of UNIT_MS) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${String(count)}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}
