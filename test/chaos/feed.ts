import type { PartitionInput } from '../oracle/model.ts';
import type { InputRecord } from './input.ts';

/** A record that must be among the dead letters. */
export interface ExpectedDeadLetter {
  readonly partition: string;
  readonly offset: number;
  readonly reason: string;
  readonly text: string;
}

/** What has been given to the processor. */
export interface Given {
  readonly partitions: readonly PartitionInput[];
  readonly deadLetters: readonly ExpectedDeadLetter[];
  /** Where the position of each partition, by its id, must be in the end: in this range. */
  readonly ends: ReadonlyMap<string, readonly [least: number, most: number]>;
  /** Requests without an answer, and how many of them were taken. */
  readonly unanswered: { readonly sent: number; readonly taken: number };
}

/** Gives the input to the processor, while it lives and while it does not. */
export interface Feed {
  /** `source:` of the configuration. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Lets it go on until this share of the input, 0 to 1, is given. */
  allow(share: number): void;
  /** Resolves when everything is given; rejects with a ChaosFailure where something was answered that must not be. */
  readonly done: Promise<void>;
  /** Where the process is to be found; undefined while there is none. */
  connect(url: string | undefined): void;
  /** The processor has committed something of each file, and made a checkpoint since: they may be renamed. */
  filesAreKnown(): void;
  /** True once that was said. */
  readonly knowsFiles: boolean;
  /** True once the processor has said by this channel that its disk is full. */
  readonly wasToldFull: boolean;
  /** Gives nothing more. */
  stop(): Promise<void>;
  /** What the processor has been given. `keys`: first key fields among its results. */
  given(keys: ReadonlySet<string>): Given;
}

/** Adds records to what a partition is to hold; `offsetOf` tells the place of each. */
export function partitionOf<R extends InputRecord>(
  id: string,
  records: readonly R[],
  offsetOf: (record: R, index: number) => number,
): { readonly partition: PartitionInput; readonly deadLetters: readonly ExpectedDeadLetter[] } {
  const placed = records.map((record, index) => ({ ...record, offset: offsetOf(record, index) }));
  return {
    partition: { id, events: placed.flatMap(({ event, offset }) => (event === null ? [] : [{ ...event, offset }])) },
    deadLetters: placed.flatMap(({ text, reason, offset }) =>
      reason === null ? [] : [{ partition: id, offset, reason, text }],
    ),
  };
}
