/**
 * Which part of a source a process reads where several share it: of N instances the one of number i has the partitions
 * whose number p has p mod N = i. What it keeps depends on that.
 */
export interface PartitionShare {
  /** How many processes share the partitions: N, at least 1. */
  readonly instances: number;
  /** Which of them this one is: i, from 0. */
  readonly instance: number;
  /**
   * All events of a grouping key stand in one partition, or in several of one number. State is then kept by partition, so
   * that it can be dealt out anew to another number of instances. More than one instance is sound only then.
   */
  readonly partitionedByKey: boolean;
}

/** The number of a partition: what its id ends in. Undefined where that is no whole number. */
export function partitionNumber(id: string): number | undefined {
  const number = Number(/\d+$/.exec(id)?.[0]);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The instance, of so many, that reads a partition of this number. */
export function instanceOf(partition: number, instances: number): number {
  return partition % instances;
}
