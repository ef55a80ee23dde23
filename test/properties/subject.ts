import type { Counters, OracleConfig, PartitionInput, Step } from '../oracle/model.ts';
import type { LateJson, ResultJson } from '../oracle/result-json.ts';

/** A pipeline and its input. */
export interface Case {
  readonly config: OracleConfig;
  readonly partitions: readonly PartitionInput[];
  /** The same events in batches, partitions interleaved; every partition finishes. */
  readonly steps: readonly Step[];
}

/** What a pipeline shows of a run. */
export interface Observed {
  /** Results in the order in which they came out, as JSON without `timestamp`. */
  readonly results: readonly ResultJson[];
  readonly late: readonly LateJson[];
  readonly counters: Counters & {
    readonly read: number;
    readonly decoded: number;
    readonly rejected: number;
    /** Panes fired, retractions among them. */
    readonly fired: number;
  };
}

/** An engine under test. */
export interface Subject {
  readonly name: string;
  /** True if it works off `steps` one by one; otherwise it reads `partitions` as it likes. */
  readonly followsSteps: boolean;
  run(given: Case): Observed | Promise<Observed>;
}

/** True if some partition is idle at some time, so that the result depends on the interleaving. */
export function goesIdle(given: Case): boolean {
  return given.steps.some((step) => step.type === 'idle');
}
