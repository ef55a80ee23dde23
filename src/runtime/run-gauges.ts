import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { StreamCore } from './stream-core.ts';

/** How often the size of the state is added up, in ms. */
const SIZE_INTERVAL_MS = 1000;

/** What the gauges of a run are made from. */
export interface RunGaugesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
}

/** Shows as metrics how a run stands: open windows, watermark, partitions, size of the state. */
export class RunGauges {
  readonly #core: StreamCore;
  readonly #metrics: ProcessorMetrics;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #sizedAt = -Infinity;
  #stateBytes = 0;
  #spilled = 0;
  #reloaded = 0;
  #hasWarned = false;

  constructor(core: StreamCore, { clock, logger, metrics }: RunGaugesOptions) {
    this.#core = core;
    this.#logger = logger;
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /** Bytes of window state, as last added up. */
  get stateBytes(): number {
    return this.#stateBytes;
  }

  /** Brings the metrics up to date; the size of the state only now and then, unless `isLast`. */
  show(isLast: boolean): void {
    const { engine, progress } = this.#core;
    this.#metrics.recordActiveWindows(engine.activeWindows);
    this.#metrics.recordWatermark(progress.watermark());
    const { spilledWindows, spilled, reloaded } = engine.residence;
    this.#metrics.recordSpilled(spilledWindows, spilled - this.#spilled, reloaded - this.#reloaded);
    this.#spilled = spilled;
    this.#reloaded = reloaded;
    const counts = { active: 0, idle: 0, finished: 0 };
    for (const { state } of progress.states()) counts[state] += 1;
    this.#metrics.recordPartitions(counts);
    this.#warnOfScattered();
    const now = this.#clock.monotonic();
    // Adding up the state looks at every window.
    if (now - this.#sizedAt < SIZE_INTERVAL_MS && !isLast) return;
    this.#sizedAt = now;
    this.#stateBytes = engine.sizeBytes();
    this.#metrics.recordStateSize(this.#stateBytes);
  }

  /** Says once that the input is not what it was said to be. */
  #warnOfScattered(): void {
    const { scattered } = this.#core.engine;
    if (scattered === null || this.#hasWarned) return;
    this.#hasWarned = true;
    this.#logger.warn(
      { key: String(scattered.key ?? ''), partitions: scattered.partitions.join(', ') },
      'a key has events in several partitions, though the source is said to be partitioned by key: instances that have these partitions would each report a part of it',
    );
  }
}
