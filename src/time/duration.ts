import { ProcessorError } from '../errors/processor-error.ts';
import type { Millis } from './instant.ts';

/** A length of time: milliseconds, or text such as `'100ms'`, `'30s'`, `'5m'`, `'1h30m'`, `'7d'`, `'1.5s'`. */
export type Duration = number | string;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y;
const MAX_MS = 8.64e15;

/**
 * Milliseconds of a duration; never negative, never fractional.
 * @throws ProcessorError DURATION_INVALID for anything else.
 */
export function parseDuration(duration: Duration, what = 'duration'): Millis {
  const ms = typeof duration === 'number' ? duration : millisOfText(duration.trim());
  if (!Number.isInteger(ms) || ms < 0 || ms > MAX_MS) {
    throw new ProcessorError(
      'configuration',
      'DURATION_INVALID',
      `${what}: ${JSON.stringify(duration)} is not a duration; use whole milliseconds (300000) or text such as "100ms", "30s", "5m", "1h30m"`,
    );
  }
  return ms;
}

function millisOfText(text: string): number {
  let total = 0;
  let at = 0;
  while (at < text.length) {
    PART.lastIndex = at;
    const match = PART.exec(text);
    if (match === null) return Number.NaN;
    total += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
    at = PART.lastIndex;
  }
  // '1.001s' is 1000.9999999999999 in binary: a millisecond is the finest grain, so round away that noise only.
  const rounded = Math.round(total);
  return text === '' || Math.abs(total - rounded) > 1e-6 ? Number.NaN : rounded;
}

/** Shortest text that {@link parseDuration} reads back: `300000` → `5m`. */
export function formatDuration(ms: Millis): string {
  if (ms === 0) return '0ms';
  let rest = ms;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = UNIT_MS[unit] ?? 1;
    const n = Math.floor(rest / size);
    if (n > 0) text += `${String(n)}${unit}`;
    rest -= n * size;
  }
  return text;
}
