import stringWidth from 'string-width';

/** Text cut or filled up to a number of columns; what is cut ends with `…`. */
export function fit(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const width = stringWidth(text);
  if (width <= columns) {
    const gap = ' '.repeat(columns - width);
    return align === 'left' ? text + gap : gap + text;
  }
  let cut = '';
  for (const character of text) {
    if (stringWidth(cut + character) > columns - 1) break;
    cut += character;
  }
  const short = `${cut}…`;
  return columns <= 0 ? '' : short + ' '.repeat(Math.max(0, columns - stringWidth(short)));
}

/** The same for what differs at its end, such as a path: what is cut begins with `…`. */
export function fitEnd(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return fit(text, columns);
  let cut = '';
  for (const character of [...text].toReversed()) {
    if (stringWidth(character + cut) > columns - 1) break;
    cut = character + cut;
  }
  return columns <= 0 ? '' : fit(`…${cut}`, columns);
}

/** Pieces in as few lines as they fit into, with room between them; one that is wider than a line is cut. */
export function wrapped(pieces: readonly string[], columns: number, gap = '   '): readonly string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    const longer = `${last ?? ''}${gap}${piece}`;
    if (last !== undefined && stringWidth(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return lines.map((line) => fit(line, columns));
}

const BARS = '▁▂▃▄▅▆▇█';

/** Numbers as bars, from the least to the most of them; a gap for what is not known. */
export function sparkline(numbers: readonly (number | null)[], columns: number): string {
  const shown = numbers.slice(-columns);
  const known = shown.filter((number) => number !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const bars = shown.map((number) => {
    if (number === null) return ' ';
    const share = most > least ? (number - least) / (most - least) : 0.5;
    return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] ?? ' ';
  });
  return bars.join('').padStart(columns);
}

/** A number in few characters, for a column: `1,234.5`, `0.0021`, `–`. */
export function shortNumber(number: number | null | undefined): string {
  if (number === null || number === undefined) return '–';
  const size = Math.abs(number);
  if (size >= 1e7) return number.toExponential(2);
  if (Number.isInteger(number)) return number.toLocaleString('en-US');
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 5;
  return number.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** Seconds as a person says them: `30 ms`, `1.5 s`, `42 s`, `3m 5s`. */
export function shortSeconds(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds !== 0 && Math.abs(seconds) < 0.95) return `${String(Math.round(seconds * 1000))} ms`;
  if (Math.abs(seconds) < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (Math.abs(whole) < 60) return `${String(whole)} s`;
  const minutes = Math.trunc(whole / 60);
  if (Math.abs(minutes) < 60) return `${String(minutes)}m ${String(Math.abs(whole % 60))}s`;
  const hours = Math.trunc(minutes / 60);
  return hours < 48 ? `${String(hours)}h ${String(Math.abs(minutes % 60))}m` : `${String(Math.trunc(hours / 24))}d`;
}

/** The time of day of an instant, in UTC. */
export function timeOfDay(instant: string | null): string {
  return instant === null ? '–' : instant.slice(11, 19);
}
