import type { EventTotals, ProcessorMetrics } from '../telemetry/metrics.ts';
import type { AggregationResult, Pane } from '../results/aggregation-result.ts';
import type { DeadLetter, RejectionReason } from '../results/dead-letter.ts';
import type { StatusSnapshot } from './status.ts';
import type { StreamCore } from './stream-core.ts';

/** Totals since the pipeline first started: those of earlier runs, and the present one's. */
export interface Totals extends Omit<StatusSnapshot['counters'], 'skipped'> {
  readonly missingValues: number;
  readonly inexactIntegers: number;
}

/** How often a run has rejected records for one reason. */
export interface RejectionTotal {
  readonly code: RejectionReason;
  readonly count: number;
  /** The message of the first one. */
  readonly example: string;
}

/** Adds up what the decoder and the engine count, over restarts, and shows it as metrics. */
export class RunTotals {
  readonly #core: StreamCore;
  readonly #metrics: ProcessorMetrics;
  readonly #rejections = new Map<RejectionReason, RejectionTotal>();
  #earlier: Readonly<Record<string, number>> = {};

  constructor(core: StreamCore, metrics: ProcessorMetrics) {
    this.#core = core;
    this.#metrics = metrics;
  }

  /**
   * Begins a run: from the totals of the last epoch, or from nothing. What was counted up to there, by this process
   * or by another, is not shown as counted again.
   */
  start(earlier: Readonly<Record<string, number>> = {}): void {
    this.#earlier = earlier;
    this.#metrics.startFrom(shown(this.now()));
  }

  now(): Totals {
    const { decodeCounters: decoded, engineCounters: engine } = this.#core;
    return {
      read: this.#sum('read', decoded.records),
      decoded: this.#sum('decoded', decoded.decoded),
      rejected: this.#sum('rejected', decoded.rejected),
      filtered: this.#sum('filtered', decoded.filtered),
      assigned: this.#sum('assigned', engine.assigned),
      onTime: this.#sum('onTime', engine.onTime),
      outOfOrder: this.#sum('outOfOrder', engine.outOfOrder),
      acceptedLate: this.#sum('acceptedLate', engine.acceptedLate),
      droppedLate: this.#sum('droppedLate', engine.droppedLate),
      unassigned: this.#sum('unassigned', engine.unassigned),
      fired: this.#sum('fired', engine.fired),
      missingValues: this.#sum('missingValues', decoded.missingValues),
      inexactIntegers: this.#sum('inexactIntegers', decoded.inexactIntegers),
    };
  }

  /** Shows as metrics what had been counted at the close of an epoch; a metric begins at 0 with its process. */
  showCounters(totals: Totals): void {
    this.#metrics.mirror(shown(totals));
  }

  /** Shows what an epoch delivers as metrics. */
  showOutbox(results: readonly AggregationResult[], deadLetters: readonly DeadLetter[]): void {
    const fired = new Map<Pane['timing'], number>();
    for (const { pane } of results) fired.set(pane.timing, (fired.get(pane.timing) ?? 0) + 1);
    for (const [timing, count] of fired) this.#metrics.recordFired(timing, count);
    for (const { code, message } of deadLetters) {
      this.#metrics.recordRejected(code);
      const known = this.#rejections.get(code);
      this.#rejections.set(code, { code, count: (known?.count ?? 0) + 1, example: known?.example ?? message });
    }
  }

  /** Why this run has rejected records, the most frequent reason first. */
  rejections(): readonly RejectionTotal[] {
    return [...this.#rejections.values()].sort((a, b) => b.count - a.count);
  }

  #sum(name: string, current: number): number {
    return (this.#earlier[name] ?? 0) + current;
  }
}

function shown(totals: Totals): EventTotals {
  const { decoded, filtered, unassigned, acceptedLate, droppedLate, missingValues, inexactIntegers } = totals;
  return {
    processed: decoded,
    filtered,
    unassigned,
    acceptedLate,
    droppedLate,
    valuesMissing: missingValues,
    valuesInexact: inexactIntegers,
  };
}
