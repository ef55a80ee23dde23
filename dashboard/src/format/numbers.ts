/** What a number counts, as far as the name of its metric tells. */
export type Unit = 'count' | 'ms' | 's' | 'bytes' | 'usd' | 'eur' | 'percent' | 'ratio' | 'plain';

const SUFFIXES: readonly (readonly [RegExp, Unit])[] = [
  [/(?:^|[_-])(?:ms|millis|milliseconds)$/i, 'ms'],
  [/(?:^|[_-])(?:s|secs?|seconds)$/i, 's'],
  [/(?:^|[_-])bytes$/i, 'bytes'],
  [/(?:^|[_-])(?:usd|dollars)$/i, 'usd'],
  [/(?:^|[_-])(?:eur|euros?)$/i, 'eur'],
  [/(?:^|[_-])(?:pct|percent)$/i, 'percent'],
  [/(?:^|[_-])ratio$/i, 'ratio'],
];

/** The unit of an aggregate of a metric: that of the metric, but for what counts. */
export function unitOf(metric: string | null, aggregate: string): Unit {
  if (aggregate === 'count') return 'count';
  return SUFFIXES.find(([pattern]) => pattern.test(metric ?? ''))?.[1] ?? 'plain';
}

const NONE = '–';
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const three = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
/** All three, so that numbers below each other have their points below each other. */
const wholeThree = new Intl.NumberFormat('en-US', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** A number with its unit, in about three digits; a dash where there is none. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return NONE;
  switch (unit) {
    case 'count':
      return formatCount(value);
    case 'ms':
      return formatMillis(value);
    case 's':
      return formatMillis(value * 1000);
    case 'bytes':
      return formatBytes(value);
    case 'usd':
      return `${value < 0 ? '−' : ''}$${formatPlain(Math.abs(value))}`;
    case 'eur':
      return `${formatPlain(value)} €`;
    case 'percent':
      return `${formatPlain(value)} %`;
    case 'ratio':
    case 'plain':
      return formatPlain(value);
  }
}

/** A number at an axis: no more digits than it needs. */
export function formatTick(value: number, unit: Unit): string {
  const millis = unit === 's' ? value * 1000 : value;
  if (unit !== 'ms' && unit !== 's') return formatValue(value, unit);
  if (millis === 0) return '0';
  return Math.abs(millis) >= 1000 && Math.abs(millis) < 60_000
    ? `${three.format(millis / 1000)} s`
    : formatMillis(millis);
}

/** A whole number: all of its digits up to ten million. */
export function formatCount(value: number): string {
  return Math.abs(value) < 1e7 ? grouped.format(value) : compact.format(value);
}

/** A whole number that has to be found again, such as an offset: all of its digits. */
export function formatExact(value: number): string {
  return grouped.format(value);
}

/** How many a second: `312 /s`, `0.4 /s`. */
export function formatRate(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  if (value === 0) return '0 /s';
  if (value < 0.05) return '< 0.1 /s';
  return `${value < 10 ? value.toFixed(1) : compact.format(Math.round(value))} /s`;
}

/** A length of time: `812 ms`, `1.23 s`, `2 m 05 s`. */
export function formatMillis(millis: number): string {
  const size = Math.abs(millis);
  if (size < 1000) return `${three.format(millis)} ms`;
  if (size < 60_000) return `${wholeThree.format(millis / 1000)} s`;
  return formatSpan(millis / 1000);
}

/** Seconds by their two largest units: `2 m 05 s`, `3 h 20 m`, `4 d 2 h`. */
function formatSpan(seconds: number): string {
  const sign = seconds < 0 ? '−' : '';
  const whole = Math.round(Math.abs(seconds));
  if (whole < 60) return `${sign}${String(whole)} s`;
  if (whole < 3600) return `${sign}${String(Math.floor(whole / 60))} m ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 1440) return `${sign}${String(Math.floor(minutes / 60))} h ${String(minutes % 60).padStart(2, '0')} m`;
  const hours = Math.round(whole / 3600);
  return `${sign}${grouped.format(Math.floor(hours / 24))} d ${String(hours % 24)} h`;
}

/** Seconds in one unit, to a tenth while that says something: `2.1 s`, `35 s`, `2 m 05 s`. */
export function formatSeconds(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return NONE;
  return Math.abs(seconds) < 10 ? `${seconds.toFixed(1)} s` : formatSpan(seconds);
}

/** `1.23 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let rest = bytes;
  let unit = 0;
  while (Math.abs(rest) >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${three.format(rest)} ${units[unit] ?? ''}`;
}

/** A part of a whole: `0.4 %`. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %';
  const percent = (100 * part) / whole;
  return percent < 0.01
    ? '< 0.01 %'
    : `${new Intl.NumberFormat('en-US', { maximumSignificantDigits: 2 }).format(percent)} %`;
}

function formatPlain(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return compact.format(value);
  return size >= 1000 ? grouped.format(value) : three.format(value);
}
