import { ProcessorError } from '../errors/processor-error.ts';
import { CustomAggregate } from '../aggregations/custom-aggregate.ts';
import type { PipelinePlan, WindowPlan } from './plan.ts';
import { withTopicSinks } from './topic-sinks.ts';
import { bytesOfMebibytes, LEAST_STATE_MEMORY_MIB, MOST_STATE_MEMORY_MIB } from './state-memory.ts';

/** Pipeline and window names stand in ids between slashes. */
const NAME = /^[^/\s][^/]{0,199}$/;

/**
 * Checks what no single part can see for itself, and freezes the plan.
 * @throws ProcessorError CONFIG_INVALID, naming what is wrong and what would do.
 */
export function createPlan(plan: PipelinePlan): PipelinePlan {
  if (!NAME.test(plan.name)) {
    throw invalid(
      'name',
      `${JSON.stringify(plan.name)} cannot be a pipeline's name: use 1 to 200 characters without "/"`,
    );
  }
  checkWindows(plan.windows);
  checkMetrics(plan);
  checkShare(plan);
  checkWhole('parallelism', plan.parallelism, 1, 1024);
  checkWhole('bufferSize', plan.bufferSize, 1, 100_000_000);
  checkWhole('commitInterval', plan.commitIntervalMs, 1, 3_600_000);
  checkStateMemory(plan.stateMemoryLimitBytes);
  checkWhole('checkpointInterval', plan.checkpointIntervalMs, 1, Number.MAX_SAFE_INTEGER);
  checkWhole('checkpointsRetained', plan.checkpointsRetained, 1, 10_000);
  return Object.freeze({
    ...withTopicSinks(plan),
    windows: Object.freeze([...plan.windows]),
    aggregators: Object.freeze([...plan.aggregators]),
    sinks: Object.freeze([...plan.sinks]),
  });
}

function checkWindows(windows: readonly WindowPlan[]): void {
  if (windows.length === 0) {
    throw invalid(
      'windows',
      'a pipeline needs windows: call withTumblingWindow, withSlidingWindow or withSessionWindow',
    );
  }
  const names = new Set<string>();
  for (const { name, assigner } of windows) {
    if (!NAME.test(name))
      throw invalid(
        'windows',
        `${JSON.stringify(name)} cannot be a name of windows: use 1 to 200 characters without "/"`,
      );
    if (names.has(name)) {
      const message = `there are two windows called "${name}" (${assigner.describe()} is the second); give one a name of its own`;
      throw invalid('windows', message);
    }
    names.add(name);
  }
}

function checkMetrics({ decode, aggregators, flatResults }: PipelinePlan): void {
  if (aggregators.length > 0 && decode.metrics.length === 0) {
    throw invalid('values', 'aggregators need values to aggregate: call withValue or withValues');
  }
  if (flatResults && decode.metrics.length > 1) throw invalid('values', 'flat results are those of one metric');
  const names = new Set<string>();
  for (const aggregator of aggregators) {
    const { name } = new CustomAggregate(aggregator);
    if (names.has(name)) throw invalid('aggregators', `there are two aggregators called "${name}"`);
    names.add(name);
  }
}

/** A process that has a part of the partitions must have all of the groups that it reports. */
function checkShare({ source, decode }: PipelinePlan): void {
  if (source.share === undefined) return;
  const { instances, instance, partitionedByKey } = source.share;
  checkWhole('instances', instances, 1, 100_000);
  checkWhole('instance', instance, 0, instances - 1);
  if (instances === 1) return;
  const several = `${String(instances)} instances have some of the partitions each`;
  if (!partitionedByKey) {
    throw invalid(
      'partitionedByKey',
      `${several}, and would each report a part of a group whose events stand in several: say partitionedByKey where all events of a key stand in one, or have one instance`,
    );
  }
  if (typeof decode.key !== 'function' && decode.key.length === 0) {
    throw invalid('key', `${several}, and without a key all events are one group: call withKey, or have one instance`);
  }
}

function checkWhole(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw invalid(what, `${what} must be a whole number from ${least} to ${most}, found ${String(value)}`);
}

function checkStateMemory(bytes: number): void {
  const mebibytes = bytes / bytesOfMebibytes(1);
  if (mebibytes >= LEAST_STATE_MEMORY_MIB && mebibytes <= MOST_STATE_MEMORY_MIB) return;
  const range = `from ${LEAST_STATE_MEMORY_MIB} to ${MOST_STATE_MEMORY_MIB} MiB`;
  throw invalid('stateMemoryLimit', `stateMemoryLimit must be ${range}, found ${String(mebibytes)}`);
}

function invalid(path: string, message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message, { path });
}
