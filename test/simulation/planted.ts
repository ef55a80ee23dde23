import type { PipelinePlan } from '../../src/plan/plan.ts';
import type { EventSink } from '../../src/sinks/event-sink.ts';
import type { StateBackend } from '../../src/state/state-backend.ts';
import type { OracleConfig } from '../oracle/model.ts';
import type { DiskFaults } from './disk.ts';
import type { BackendFaults } from './log-backend.ts';
import type { SourceFaults } from './source.ts';

/** A bug that is put into the parts around the processor, for it to show that it would be found. */
export interface Planted {
  readonly disk?: DiskFaults;
  readonly backend?: BackendFaults;
  readonly source?: SourceFaults;
  readonly state?: (backend: StateBackend, sinks: readonly EventSink<never>[]) => StateBackend;
  readonly sink?: <T>(sink: EventSink<T>) => EventSink<T>;
  readonly plan?: (plan: PipelinePlan, config: OracleConfig) => PipelinePlan;
}

/** The planted bugs by name. */
export const PLANTED = {
  'missing sync': { disk: { skipsSync: true } },
} as const satisfies Readonly<Record<string, Planted>>;

/** Name of a planted bug. */
export type PlantedBug = keyof typeof PLANTED;
