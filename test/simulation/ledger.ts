import { instantFromJson } from '../../src/time/snapshot-json.ts';
import type { SourcePosition } from '../../src/sources/event-source.ts';
import type { World } from './world.ts';

/** What an epoch says of itself, as it stands in the state. */
export interface EpochRecord {
  readonly epoch: number;
  /** All of it but where the sinks stand, which the end of a run writes anew. */
  readonly text: string;
  readonly watermark: number;
  readonly positions: ReadonlyMap<string, number>;
  readonly read: number;
  readonly idle: number;
}

interface StoredMeta {
  readonly epoch: number;
  readonly positions: readonly (readonly [string, SourcePosition])[];
  readonly progress: {
    readonly watermark: never;
    readonly partitions: readonly { readonly id: string; readonly state: string; readonly watermark: never }[];
  };
  readonly totals: Readonly<Record<string, number>>;
  readonly sinks: unknown;
}

/** Reads the record of an epoch that a commit writes, or that the state holds. */
export function epochRecordOf(value: Uint8Array): EpochRecord {
  const { sinks: _sinks, ...stored } = JSON.parse(Buffer.from(value).toString('utf8')) as StoredMeta;
  const { epoch, positions, progress, totals } = stored;
  return {
    epoch,
    text: JSON.stringify(stored),
    watermark: instantFromJson(progress.watermark),
    positions: new Map(positions.map(([id, { offset }]) => [id, offset])),
    read: totals['read'] ?? Number.NaN,
    idle: progress.partitions.filter(({ state }) => state === 'idle').length,
  };
}

/**
 * What must hold at every moment, whatever the results: it is told of each commit, recovery, read and delivery, by the
 * world around the processor, and compares.
 */
export class Ledger {
  readonly #world: World;
  /** Epochs of the present line of history whose commit has been asked for, by number. */
  readonly #epochs = new Map<number, EpochRecord>();
  /** The newest epoch whose commit was said to be done. */
  #acknowledged = 0;
  /** The newest epoch that the state has, answered or not. */
  #done = 0;
  readonly #handedOut = new Map<string, number>();
  readonly #released = new Map<string, number>();
  /** Positions of epochs that were in the state, and were lost with it. */
  readonly #lost = new Set<string>();
  /** Epoch of each checkpoint that was made whole. */
  readonly #checkpoints = new Map<string, number>();
  /** True while the processor runs with other settings than those of its state. */
  mustNotCommit = false;
  /** The epoch that must be found next, where a checkpoint has been fallen back to. */
  #expected: number | undefined;
  /** True once history has gone back behind what was acknowledged: by a checkpoint that had to be fallen back to. */
  rewound = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** The newest epoch that the state is said to have. */
  get acknowledgedEpoch(): number {
    return this.#acknowledged;
  }

  /** The newest epoch that the state has. */
  get done(): number {
    return this.#done;
  }

  /** A commit is asked for. */
  committing(record: EpochRecord): void {
    const { epoch, watermark, positions, read } = record;
    if (this.mustNotCommit) this.#wrong('a changed configuration goes on from the state of another');
    const again = this.#epochs.get(epoch);
    const before = this.#epochs.get(epoch - 1);
    if (epoch !== this.#done + 1 && again === undefined) this.#wrong(`epoch ${epoch} follows ${this.#done}`);
    if (epoch <= this.#done && again?.text !== record.text)
      this.#wrong(`epoch ${epoch} is committed twice, differently`);
    const offsets = [...positions.values()].reduce((sum, offset) => sum + offset, 0);
    if (offsets !== read)
      this.#wrong(`epoch ${epoch}: ${read} records counted as read, positions add up to ${offsets}`);
    if (before !== undefined && watermark < before.watermark) {
      this.#wrong(`epoch ${epoch}: the watermark falls from ${before.watermark} to ${watermark}`);
    }
    for (const [id, offset] of positions) {
      if (offset < (before?.positions.get(id) ?? 0)) this.#wrong(`epoch ${epoch}: ${id} goes back to ${offset}`);
      if (offset > (this.#handedOut.get(id) ?? 0)) this.#wrong(`epoch ${epoch}: ${id} is ahead of what was read`);
    }
    if (record.idle > 0) this.#world.figures.idleCommits += 1;
    this.#epochs.set(epoch, record);
  }

  /** The state has the epoch, whoever knows. */
  committed(epoch: number): void {
    this.#done = Math.max(this.#done, epoch);
  }

  /** The processor was told so. */
  acknowledged(epoch: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, epoch);
  }

  /** The processor has found this epoch in the state when it started. */
  recovered(record: EpochRecord | undefined): void {
    const epoch = record?.epoch ?? 0;
    if (epoch < this.#acknowledged)
      this.#wrong(`epoch ${this.#acknowledged} was committed, and is lost: ${epoch} is found`);
    if (record !== undefined && record.text !== this.#epochs.get(epoch)?.text) {
      this.#wrong(`epoch ${epoch} is not what was committed`);
    }
    if (epoch !== (this.#expected ?? epoch)) {
      this.#wrong(`the checkpoint was of epoch ${String(this.#expected)}, and holds ${epoch}`);
    }
    // A log that was cut to nothing, where there is no checkpoint either, is none of the processor's doing.
    if (record === undefined && this.rewound) this.#released.clear();
    this.#expected = undefined;
    this.#forgetAfter(epoch);
    this.#done = epoch;
    this.#acknowledged = epoch;
  }

  #forgetAfter(epoch: number): void {
    for (const [known, { positions }] of this.#epochs) {
      if (known <= epoch) continue;
      if (this.rewound && known <= this.#done) for (const [id, offset] of positions) this.#lost.add(`${id}/${offset}`);
      this.#epochs.delete(known);
    }
  }

  /** A checkpoint has been made of the state as it is. */
  checkpointed(id: string, epoch: number): void {
    this.#checkpoints.set(id, epoch);
  }

  /** The state was damaged, and a checkpoint has taken its place. */
  fellBack(id: string): void {
    const epoch = this.#checkpoints.get(id);
    this.rewound = true;
    this.#world.figures.fallenBack += 1;
    // One that was made while the process died may be there without anybody having been told.
    this.#acknowledged = epoch ?? 0;
    this.#expected = epoch;
  }

  /** The state may have lost its end: nobody can tell a log that was cut from one that was not written on. */
  excuseLoss(): void {
    this.#acknowledged = 0;
    this.rewound = true;
  }

  /**
   * Kafka has an offset of a source's partition under its consumer group, for others to see. It may be one of an epoch
   * whose transaction was committed, and that the state has lost before Kafka came to write its marker.
   */
  committedAtKafka(id: string, offset: number): void {
    const known = this.#epochs.get(this.#done)?.positions.get(id) ?? 0;
    if (offset > known && !this.#lost.has(`${id}/${offset}`))
      this.#wrong(`${id}: ${offset} is committed at Kafka, and ${known} in the state`);
  }

  /** A sink is given items of an epoch. */
  delivering(epoch: number): void {
    if (epoch > this.#done) this.#wrong(`epoch ${epoch} is delivered before it is committed`);
  }

  /** A partition hands out its records up to an offset. */
  handedOut(id: string, next: number): void {
    this.#handedOut.set(id, Math.max(next, this.#handedOut.get(id) ?? 0));
  }

  /** A partition is read from an offset. */
  readFrom(id: string, offset: number): void {
    const released = this.#released.get(id) ?? 0;
    if (offset < released) this.#wrong(`${id} is read from ${offset}, but was released up to ${released}`);
    const committed = this.#epochs.get(this.#done)?.positions.get(id) ?? 0;
    if (offset !== committed) this.#wrong(`${id} is read from ${offset}, but ${committed} is committed`);
  }

  /** The source hears of a commit. */
  committedAtSource(positions: ReadonlyMap<string, SourcePosition>): void {
    const known = this.#epochs.get(this.#acknowledged)?.positions;
    for (const [id, { offset }] of positions) {
      if (offset > (known?.get(id) ?? 0)) this.#wrong(`${id}: the source is told of ${offset}, which is not committed`);
    }
  }

  /** The source hears what will never be asked for again. */
  releasedAtSource(positions: ReadonlyMap<string, SourcePosition>): void {
    for (const [id, { offset }] of positions) {
      this.#released.set(id, Math.max(offset, this.#released.get(id) ?? 0));
    }
  }

  /** The same ledger for one process, which it hears nothing of any more once another has taken its place. */
  heard(process: { readonly isReplaced: boolean }): Ledger {
    return new Proxy(this, {
      get: (ledger, name) => {
        const value: unknown = Reflect.get(ledger, name, ledger);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => (process.isReplaced ? undefined : Reflect.apply(value, ledger, args));
      },
      set: (ledger, name, value) => Reflect.set(ledger, name, value, ledger),
    });
  }

  #wrong(text: string): void {
    this.#world.violate(text);
  }
}
