interface PartitionProgress {
  /** `returning`: it was idle, has spoken again, and has not caught up with the pipeline's watermark. */
  state: 'active' | 'idle' | 'returning' | 'finished';
  greatest: number;
  setByHand: number;
}

/** Watermarks of partitions and pipeline, by the rules on partition states. */
export class OracleProgress {
  readonly #partitions = new Map<string, PartitionProgress>();
  readonly #outOfOrderness: number | null;
  #watermark = -Infinity;

  constructor(partitions: readonly string[], outOfOrderness: number | null) {
    this.#outOfOrderness = outOfOrderness;
    for (const id of partitions) {
      this.#partitions.set(id, { state: 'active', greatest: -Infinity, setByHand: -Infinity });
    }
  }

  /** The pipeline's watermark as last handed on. */
  get watermark(): number {
    return this.#watermark;
  }

  ownWatermark(id: string): number {
    const { greatest, setByHand } = this.#of(id);
    return this.#outOfOrderness === null ? setByHand : Math.max(setByHand, greatest - this.#outOfOrderness);
  }

  observe(id: string, timestamp: number): void {
    const partition = this.#of(id);
    partition.greatest = Math.max(partition.greatest, timestamp);
    if (partition.state === 'idle') partition.state = 'returning';
  }

  setWatermark(id: string, at: number): void {
    const partition = this.#of(id);
    partition.setByHand = Math.max(partition.setByHand, at);
  }

  setState(id: string, state: 'idle' | 'finished'): void {
    this.#of(id).state = state;
  }

  /** Derives the pipeline's watermark; it never falls. */
  advance(): number {
    for (const [id, partition] of this.#partitions) {
      const caughtUp = this.ownWatermark(id) >= this.#watermark;
      if (partition.state === 'returning' && caughtUp) partition.state = 'active';
    }
    this.#watermark = Math.max(this.#watermark, this.#derived());
    return this.#watermark;
  }

  #derived(): number {
    const all = [...this.#partitions];
    if (all.every(([, { state }]) => state === 'finished')) return Infinity;
    const inState = (wanted: PartitionProgress['state']): number[] =>
      all.filter(([, { state }]) => state === wanted).map(([id]) => this.ownWatermark(id));
    const active = inState('active');
    if (active.length > 0) return Math.min(...active);
    // One that is on its way back is not idle, so it is not the case that all are: nothing moves until it has caught up.
    if (inState('returning').length > 0) return -Infinity;
    return Math.max(...inState('idle'));
  }

  #of(id: string): PartitionProgress {
    const partition = this.#partitions.get(id);
    if (partition === undefined) throw new Error(`no such partition: ${id}`);
    return partition;
  }
}
