import type { Instant } from '../../time/instant.ts';
import type { OpenSpan, OpenWindow } from '../window-engine.ts';
import type { WindowOperator } from './window-operator.ts';

/** Sorting a few more at a time keeps this proportional to the number of windows, whatever there is of them. */
const SLACK = 1024;

/** The earliest of all windows, at most `limit`. */
export function earliestWindows(operators: readonly WindowOperator[], limit: number): readonly OpenWindow[] {
  const earliest: OpenWindow[] = [];
  for (const { windowName, window, fired } of windowsOf(operators)) {
    earliest.push({ windowName, window, fired });
    if (earliest.length >= limit + SLACK) keepEarliest(earliest, limit);
  }
  keepEarliest(earliest, limit);
  return earliest;
}

/**
 * The windows of each span of time together, and how many they are. At most `limit` spans that wait, then as many that are
 * only kept for late events: fired, and over by `watermark`. What is left out when there are too many could not come to be
 * among the earliest again, so the numbers of the rest are right.
 */
export function earliestSpans(
  operators: readonly WindowOperator[],
  limit: number,
  watermark: Instant,
): readonly OpenSpan[] {
  const waiting = new SpanCounts(limit);
  const kept = new SpanCounts(limit);
  for (const open of windowsOf(operators)) {
    (open.fired && open.window.end <= watermark ? kept : waiting).add(open);
  }
  return [...waiting.earliest(), ...kept.earliest()];
}

function* windowsOf(operators: readonly WindowOperator[]): Iterable<OpenWindow> {
  for (const operator of operators) {
    for (const { window, panes } of operator.states()) {
      yield { windowName: operator.settings.name, window, fired: panes > 0 };
    }
  }
}

type Count = { -readonly [K in keyof OpenSpan]: OpenSpan[K] };

/** Counts windows by span of time. */
class SpanCounts {
  readonly #limit: number;
  /** By end and start: of each definition one that has fired, and one that has not. */
  #counts = new Map<Instant, Map<Instant, Count[]>>();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(open: OpenWindow): void {
    const alike = this.#of(open);
    const known = alike.find(({ windowName, fired }) => windowName === open.windowName && fired === open.fired);
    if (known !== undefined) {
      known.windows += 1;
      return;
    }
    alike.push({ ...open, windows: 1 });
    this.#size += 1;
    if (this.#size >= this.#limit + SLACK) this.#leaveOutTheLatest();
  }

  earliest(): readonly Count[] {
    const spans = [...this.#counts.values()].flatMap((byStart) => [...byStart.values()].flat());
    keepEarliest(spans, this.#limit);
    return spans;
  }

  #of({ window: { start, end } }: OpenWindow): Count[] {
    let byStart = this.#counts.get(end);
    if (byStart === undefined) this.#counts.set(end, (byStart = new Map<Instant, Count[]>()));
    let alike = byStart.get(start);
    if (alike === undefined) byStart.set(start, (alike = []));
    return alike;
  }

  #leaveOutTheLatest(): void {
    const spans = this.earliest();
    this.#counts = new Map();
    for (const span of spans) this.#of(span).push(span);
    this.#size = spans.length;
  }
}

function keepEarliest(windows: OpenWindow[], limit: number): void {
  windows.sort(
    (a, b) =>
      a.window.end - b.window.end ||
      a.window.start - b.window.start ||
      Number(a.windowName > b.windowName) - Number(a.windowName < b.windowName) ||
      Number(a.fired) - Number(b.fired),
  );
  windows.length = Math.min(windows.length, limit);
}
