import type { PartitionStatus, StatusSnapshot } from '../runtime/status.ts';
import type { Instant, Millis } from '../time/instant.ts';

/** The partition that the watermark waits for. */
export interface WatermarkHolder {
  readonly partition: string;
  /** −∞ before its first event. */
  readonly watermark: Instant;
  readonly caughtUp: boolean;
  readonly silentMs: Millis;
}

/** What the partitions make of the watermark. */
export interface WatermarkStanding {
  readonly watermark: Instant;
  /** Null where no partition is active. */
  readonly holder: WatermarkHolder | null;
  /** Ids of the partitions that the watermark does not wait for. */
  readonly idle: readonly string[];
  readonly finished: readonly string[];
  /** How many are active. */
  readonly active: number;
}

/**
 * Which partition holds the watermark: the active one that is furthest behind, of those that have caught up with the
 * watermark. One that came back from silence and is behind it is judged by its own, and holds nobody up.
 */
export function watermarkStanding({
  watermark,
  partitions,
}: Pick<StatusSnapshot, 'watermark' | 'partitions'>): WatermarkStanding {
  const active = partitions.filter(({ state }) => state === 'active');
  const joined = active.filter((partition) => partition.watermark >= watermark);
  const ids = (state: PartitionStatus['state']): string[] =>
    partitions.filter((partition) => partition.state === state).map(({ id }) => id);
  return {
    watermark,
    holder: holderOf(joined.length > 0 ? joined : active),
    idle: ids('idle'),
    finished: ids('finished'),
    active: active.length,
  };
}

function holderOf(partitions: readonly PartitionStatus[]): WatermarkHolder | null {
  let lowest: PartitionStatus | undefined;
  for (const partition of partitions) {
    if (lowest === undefined || partition.watermark < lowest.watermark) lowest = partition;
  }
  if (lowest === undefined) return null;
  const { id, watermark, caughtUp, silentMs } = lowest;
  return { partition: id, watermark, caughtUp, silentMs };
}
