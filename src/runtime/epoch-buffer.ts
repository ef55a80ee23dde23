import { emptyOutbox, outboxSize, type Outbox } from './outbox.ts';

/** What an epoch holds until it is closed: how much was read for it, and what it has to deliver. Bounded. */
export class EpochBuffer {
  readonly #capacity: number;
  #records = 0;
  #outbox: Outbox = emptyOutbox();

  /** `capacity`: how many records, and how many items to deliver. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Records read since the last close. */
  get records(): number {
    return this.#records;
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  get isEmpty(): boolean {
    return this.#records === 0 && outboxSize(this.#outbox) === 0;
  }

  /** How many more items may be delivered with the epoch; at least 1, so that there is always some progress. */
  get roomInOutbox(): number {
    return Math.max(1, this.#capacity - outboxSize(this.#outbox));
  }

  /** Whether so many records may join the epoch. An empty buffer takes any block. */
  hasRoomFor(records: number): boolean {
    if (outboxSize(this.#outbox) >= this.#capacity) return false;
    return this.#records === 0 || this.#records + records <= this.#capacity;
  }

  add(records: number): void {
    this.#records += records;
  }

  /** The epoch is closed: hands over what it has to deliver, and how much was read for it. The next begins with nothing. */
  take(): { readonly records: number; readonly outbox: Outbox } {
    const taken = { records: this.#records, outbox: this.#outbox };
    this.#records = 0;
    this.#outbox = emptyOutbox();
    return taken;
  }
}
