import type { StatusSnapshot } from '../runtime/status.ts';
import type { Instant, Millis } from '../time/instant.ts';

/** What is counted of a run as it goes; all of it only rises. */
export interface FlowCounts {
  readonly read: number;
  readonly rejected: number;
  readonly acceptedLate: number;
  readonly droppedLate: number;
  /** Results that the sinks have taken. */
  readonly delivered: number;
}

/** How many a second. */
export type FlowRates = FlowCounts;

/** The rates over a stretch of time. */
export interface RateStretch {
  readonly start: Instant;
  readonly end: Instant;
  readonly rates: FlowRates;
  /** How far the watermark was behind the clock at the end of it; null where it was not known. */
  readonly watermarkLagMs: Millis | null;
}

interface Sample {
  readonly at: Instant;
  /** The same by the steady clock. */
  readonly steadyMs: number;
  readonly counts: FlowCounts;
  readonly watermarkLagMs: Millis | null;
}

const LEAST_STEP_MS = 1000;
const KEPT_SAMPLES = 600;
/** How far back the present rates look. */
const RECENT_MS = 10_000;

/**
 * What flowed, noted once a second while epochs are committed or somebody asks: ten minutes of it, and more where little
 * happens, for then nothing is noted.
 */
export class RateSamples {
  readonly #samples: Sample[] = [];

  /** Notes how things stand, unless it has just been done. */
  note(sample: Sample): void {
    if (!this.isDue(sample.steadyMs)) return;
    this.#samples.push(sample);
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.shift();
  }

  /** True where {@link note} would take a sample of this time. */
  isDue(steadyMs: number): boolean {
    const last = this.#samples.at(-1);
    return last === undefined || steadyMs - last.steadyMs >= LEAST_STEP_MS;
  }

  /** The rates over the last ten seconds before `now`; null before there is anything to compare with. */
  recent(now: Sample): FlowRates | null {
    const since = this.#samples.findLast(({ steadyMs }) => now.steadyMs - steadyMs >= RECENT_MS) ?? this.#samples[0];
    return since === undefined || now.steadyMs <= since.steadyMs ? null : ratesBetween(since, now);
  }

  /** Stretch by stretch up to `now`, oldest first. */
  stretches(now: Sample): readonly RateStretch[] {
    const all = this.isDue(now.steadyMs) ? [...this.#samples, now] : this.#samples;
    const stretches: RateStretch[] = [];
    for (const [index, end] of all.entries()) {
      const start = all[index - 1];
      if (start === undefined || end.steadyMs <= start.steadyMs) continue;
      const { watermarkLagMs } = end;
      stretches.push({ start: start.at, end: end.at, rates: ratesBetween(start, end), watermarkLagMs });
    }
    return stretches;
  }
}

function ratesBetween(from: Sample, to: Sample): FlowRates {
  const seconds = (to.steadyMs - from.steadyMs) / 1000;
  // A run that went back to an earlier epoch counts from there again.
  const rate = (name: keyof FlowCounts): number => Math.max(0, to.counts[name] - from.counts[name]) / seconds;
  return {
    read: rate('read'),
    rejected: rate('rejected'),
    acceptedLate: rate('acceptedLate'),
    droppedLate: rate('droppedLate'),
    delivered: rate('delivered'),
  };
}

/** How far the watermark is behind the clock; null where it is not known, or there is nothing left to come. */
export function watermarkLagOf({ watermark }: Pick<StatusSnapshot, 'watermark'>, now: Instant): Millis | null {
  return Number.isFinite(watermark) ? now - watermark : null;
}
