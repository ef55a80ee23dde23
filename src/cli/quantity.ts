const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
const MAGNITUDES = ['', 'k', 'M', 'G'] as const;

function scaled(value: number, units: readonly string[]): readonly [number, string] {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return [rest, units[unit] ?? ''];
}

function threeDigits(value: number): string {
  if (value >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** `1234567` → `1.23 MB`. */
export function formatBytes(bytes: number): string {
  const [value, unit] = scaled(bytes, SIZES);
  return `${threeDigits(value)} ${unit}`;
}

/** `1234567` → `1.23 M events/s`. */
export function formatRate(eventsPerSec: number): string {
  const [value, unit] = scaled(Math.round(eventsPerSec), MAGNITUDES);
  return `${threeDigits(value)}${unit === '' ? '' : ` ${unit}`} events/s`;
}

/** `1234567` → `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `83` s → `1m 23s`. */
export function formatTimeLeft(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${String(whole)}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${String(minutes)}m ${String(whole % 60)}s`;
  return `${String(Math.floor(minutes / 60))}h ${String(minutes % 60)}m`;
}

/** Milliseconds by the largest unit that they fill: `90_000` → `1m`; a day has 24 hours. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${String(seconds)}s`;
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))}m`;
  if (seconds < 86_400) return `${String(Math.floor(seconds / 3600))}h`;
  return `${formatCount(Math.floor(seconds / 86_400))}d`;
}
