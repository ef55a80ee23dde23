import { ProcessorError } from '../errors/processor-error.ts';
import type { Instant } from './instant.ts';
import { instantFromJson, storedField, type InstantJson } from './snapshot-json.ts';

/**
 * `active`: has events, or may have some. `idle`: silent for the idle timeout with nothing left to read.
 * `finished`: at its end. Only active ones hold the watermark back.
 */
export type PartitionState = 'active' | 'idle' | 'finished';

/** Progress of one partition, as JSON. */
export interface PartitionSnapshot {
  readonly id: string;
  readonly state: PartitionState;
  readonly watermark: InstantJson;
  /** Absent where the generator names none. */
  readonly generatorKind?: string;
  readonly generator: unknown;
}

/** Progress of all partitions, as JSON: what an epoch commits. */
export interface ProgressSnapshot {
  readonly watermark: InstantJson;
  readonly partitions: readonly PartitionSnapshot[];
}

/** What a {@link ProgressSnapshot} says, read back. */
export interface StoredProgress {
  readonly watermark: Instant;
  readonly partitions: readonly PartitionSnapshot[];
}

/** @throws ProcessorError STATE_CORRUPT for anything but a {@link ProgressSnapshot}. */
export function readProgressSnapshot(json: unknown): StoredProgress {
  const partitions = storedField(json, 'partitions');
  if (!Array.isArray(partitions)) throw corrupt('it has no partitions');
  return {
    watermark: instantFromJson(storedField(json, 'watermark')),
    partitions: partitions.map(readPartition),
  };
}

function readPartition(json: unknown): PartitionSnapshot {
  const id = storedField(json, 'id');
  const state = storedField(json, 'state');
  const watermark = storedField(json, 'watermark');
  if (typeof id !== 'string') throw corrupt('a partition has no id');
  if (state !== 'active' && state !== 'idle' && state !== 'finished') throw corrupt(`"${id}" has no state`);
  instantFromJson(watermark);
  const kind = storedField(json, 'generatorKind');
  if (kind !== undefined && typeof kind !== 'string') throw corrupt(`"${id}" has no watermark generator`);
  return {
    id,
    state,
    watermark: watermark as InstantJson, // instantFromJson has made sure.
    ...(kind === undefined ? {} : { generatorKind: kind }),
    generator: storedField(json, 'generator'),
  };
}

function corrupt(what: string): ProcessorError {
  return new ProcessorError('state', 'STATE_CORRUPT', `the stored progress cannot be read: ${what}`);
}
