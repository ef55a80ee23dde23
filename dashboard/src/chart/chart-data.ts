import type { Series } from '../../../src/http/api/types.ts';

/** Numbers over time on one scale of times, as the chart takes them. */
export interface AlignedData {
  /** Ends of windows, in seconds since 1970, rising. */
  readonly times: readonly number[];
  /** For each line, the number at each time; null where the key had no such window. */
  readonly lines: readonly (readonly (number | null)[])[];
  /** For each line, the places of windows that late events have changed. */
  readonly revised: readonly ReadonlySet<number>[];
}

type Point = Series['series'][number]['points'][number];

const FIRST_VALUE = 4;

/** End of a point's window in ms; that of the newest of windows with the same end counts. */
function endOf(point: Point): number {
  return point[0] ?? 0;
}

/** True where late events have changed it. */
export function isRevised(point: Point): boolean {
  return point[3] === 1;
}

/** Brings the n-th number of every series onto one scale; `places`: which numbers, each a line of its own. */
export function align(series: Series['series'], places: readonly number[]): AlignedData {
  const ends = new Set(series.flatMap(({ points }) => points.map(endOf)));
  const sorted = [...ends].toSorted((a, b) => a - b);
  const placeOf = new Map(sorted.map((end, place) => [end, place]));
  const lines: (number | null)[][] = [];
  const revised: Set<number>[] = [];
  for (const { points } of series) {
    for (const place of places) {
      const line: (number | null)[] = sorted.map(() => null);
      const marks = new Set<number>();
      for (const point of points) {
        const at = placeOf.get(endOf(point)) ?? 0;
        line[at] = point[FIRST_VALUE + place] ?? null;
        if (isRevised(point)) marks.add(at);
      }
      lines.push(line);
      revised.push(marks);
    }
  }
  return { times: sorted.map((end) => end / 1000), lines, revised };
}

/** The sum of lines at each time; null where none has a number. */
export function sumOf(lines: AlignedData['lines']): readonly (number | null)[] {
  const [first = []] = lines;
  return first.map((_, at) => {
    const numbers = lines.flatMap((line) => line[at] ?? []);
    return numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0);
  });
}

/** Places of a line that no line leads to, and that have no mark either: without a dot they would not be seen. */
export function aloneIn(line: readonly (number | null)[], marks: ReadonlySet<number>): readonly number[] {
  return line.flatMap((value, at) => {
    const isAlone = value !== null && (line[at - 1] ?? null) === null && (line[at + 1] ?? null) === null;
    return isAlone && !marks.has(at) ? [at] : [];
  });
}
