import type { Positions } from '../event/source-position.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { recordCheckOf } from './record-check.ts';
import { SourceReader } from './source-reader.ts';
import type { StreamCore } from './stream-core.ts';

/** The most records of a block: how much is done between two looks at what is due. */
const MAX_BLOCK_RECORDS = 1024;

/** What the source of a run is opened with. */
export interface OpenSourceOptions {
  readonly plan: PipelinePlan;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  /** Where reading goes on. */
  readonly positions: Positions;
  /** Aborts when reading is to end. */
  readonly stopping: AbortSignal;
  /** Called when a partition may have something to read. */
  readonly onSettled: () => void;
}

/** Opens the source of a plan, to be read into `core`. @throws ProcessorError of kind `source`. */
export async function openSource(core: StreamCore, options: OpenSourceOptions): Promise<SourceReader> {
  const { plan, clock, logger, metrics, positions, stopping } = options;
  const { directory } = plan.state;
  const check = recordCheckOf(plan.decode, clock);
  const source = await plan.source.open({
    pipeline: plan.name,
    clock,
    logger,
    positions,
    signal: stopping,
    maxBlockRecords: Math.min(MAX_BLOCK_RECORDS, plan.bufferSize),
    instruments: metrics,
    sinkCommitsPositions: sinksOf(plan).some(({ transaction }) => transaction !== undefined),
    ...(check === undefined ? {} : { check }),
    ...(directory === undefined ? {} : { directory }),
  });
  return new SourceReader(source, core, positions, options);
}

function sinksOf({ sinks, lateSink, deadLetterSink }: PipelinePlan): EventSink<never>[] {
  return [...sinks, lateSink, deadLetterSink].filter((sink) => sink !== undefined);
}
