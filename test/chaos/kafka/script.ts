import type { InputRecord } from '../input.ts';
import type { Random } from '../random.ts';
import type { Send } from './input-producer.ts';

/** One thing that is done to the input topic. */
export type Step =
  | { readonly type: 'send'; readonly send: Send }
  | {
      readonly type: 'transaction';
      /** Which of the transactional producers. */
      readonly producer: number;
      readonly isCommitted: boolean;
      readonly first: readonly Send[];
      /** What others do before its last batch. */
      readonly meanwhile: readonly Step[];
      readonly last: Send;
    }
  /** The topic gets more partitions; nothing else is sent until the processor knows them. */
  | { readonly type: 'grow'; readonly partitions: number };

/** What a partition is to hold, in order. */
export interface PartitionScript {
  readonly partition: number;
  readonly records: readonly InputRecord[];
}

/** Some of it: from a record to before another. */
export interface PartOfScript extends PartitionScript {
  readonly from: number;
  readonly to: number;
}

const MOST_RECORDS = 150;
const DECOYS = 30;

/** The key of a record of the input: by it the log tells which one it is. */
export function keyOf(partition: number, index: number): string {
  return `${String(partition)}/${String(index)}`;
}

/** What {@link keyOf} was made from; undefined for a decoy. */
export function parseKey(key: string): { readonly partition: number; readonly index: number } | undefined {
  const [partition, index] = /^(\d+)\/(\d+)$/.exec(key)?.slice(1).map(Number) ?? [];
  return partition === undefined || index === undefined ? undefined : { partition, index };
}

/** Cuts what is to be sent into batches, and batches into transactions; some that are aborted have copies of records in them. */
export function drawScript(random: Random, parts: readonly PartOfScript[], producers: number): readonly Step[] {
  const drawer = new StepDrawer(random, parts, producers);
  const steps: Step[] = [];
  while (drawer.hasMore) steps.push(drawer.draw());
  return steps;
}

class StepDrawer {
  readonly #random: Random;
  readonly #producers: number;
  readonly #rest: (PartOfScript & { next: number })[];
  #decoys = 0;

  constructor(random: Random, parts: readonly PartOfScript[], producers: number) {
    this.#random = random;
    this.#producers = producers;
    this.#rest = parts.map((part) => ({ ...part, next: part.from }));
  }

  get hasMore(): boolean {
    return this.#rest.some(({ next, to }) => next < to);
  }

  draw(): Step {
    const random = this.#random;
    if (this.#producers === 0 || random.chance(0.4)) return { type: 'send', send: this.#send() };
    return this.#transaction(random.whole(0, this.#producers - 1), 2, random.chance(0.4));
  }

  #transaction(producer: number, mostFirst: number, isInterrupted: boolean): Step {
    const random = this.#random;
    const isCommitted = random.chance(0.6);
    const draw = (): Send => (isCommitted ? this.#send() : this.#decoy());
    const first = Array.from({ length: random.whole(0, mostFirst) }, draw);
    const meanwhile = isInterrupted ? this.#meanwhile(producer) : [];
    return { type: 'transaction', producer, isCommitted, first, meanwhile, last: draw() };
  }

  /** Nobody has two transactions at a time. */
  #meanwhile(busy: number): readonly Step[] {
    const other = (busy + 1) % this.#producers;
    const send: Step = { type: 'send', send: this.#send() };
    return other === busy ? [send] : [send, this.#transaction(other, 0, false)];
  }

  /** The next records of some partition that has any left. */
  #send(): Send {
    const left = this.#rest.filter(({ next, to }) => next < to);
    const [first, ...others] = left;
    if (first === undefined) return { partition: 0, records: [] };
    const chosen = this.#random.one([first, ...others]);
    const from = chosen.next;
    chosen.next = Math.min(chosen.to, from + this.#random.whole(1, MOST_RECORDS));
    const records = chosen.records.slice(from, chosen.next);
    return {
      partition: chosen.partition,
      records: records.map(({ text }, index) => ({ key: keyOf(chosen.partition, from + index), text })),
    };
  }

  /** Records that must never count: whoever takes them in has events twice. */
  #decoy(): Send {
    const [first, ...others] = this.#rest;
    if (first === undefined) return { partition: 0, records: [] };
    const { partition, records, next } = this.#random.one([first, ...others]);
    const from = Math.max(0, Math.min(next, records.length - DECOYS));
    const copied = records.slice(from, from + this.#random.whole(1, DECOYS));
    return {
      partition,
      records: copied.map(({ text }) => ({ key: `decoy ${String((this.#decoys += 1))}`, text })),
    };
  }
}
