import { createHash } from 'node:crypto';
import type { PostgresSinkOptions } from './postgres-options.ts';
import { windowIdOf, type ResultColumn, type StoredResult } from './result-columns.ts';
import { timestampText } from './timestamp-text.ts';

/** Rows of one statement, at most. */
const ROWS_OF_A_STATEMENT = 2000;

/** What a delivery comes to in the table. A statement cannot touch a row twice, so each row is here once, as it is to be. */
export class ResultBatch {
  /** By this the same delivery is known again: its content, emission times included. */
  readonly digest: string;
  readonly #upserts: readonly StoredResult[];
  readonly #removals: readonly StoredResult[];

  constructor(items: readonly StoredResult[], panes: PostgresSinkOptions['panes']) {
    const hash = createHash('sha256');
    for (const item of items) hash.update(item.toText()).update('\n');
    this.digest = hash.digest('hex');
    const last = new Map<string, StoredResult>();
    for (const item of items) {
      const id = panes === 'all' ? `${windowIdOf(item)}/${String(item.pane.index)}` : windowIdOf(item);
      last.set(id, item);
    }
    const isRemoval = ({ pane }: StoredResult): boolean => panes !== 'all' && pane.timing === 'retraction';
    this.#removals = [...last.values()].filter(isRemoval);
    this.#upserts = [...last.values()].filter((item) => !isRemoval(item));
  }

  /** For each statement that writes rows, a list of values for each column. */
  *upserts(columns: readonly ResultColumn[]): Generator<readonly unknown[][]> {
    for (const items of partsOf(this.#upserts)) yield columns.map(({ valueOf }) => items.map(valueOf));
  }

  /** For each statement that removes rows, the lists of `window_start` and `window_id`. */
  *removals(): Generator<readonly [string[], string[]]> {
    for (const items of partsOf(this.#removals)) {
      yield [items.map(({ window }) => timestampText(window.start)), items.map(windowIdOf)];
    }
  }
}

function* partsOf(items: readonly StoredResult[]): Generator<readonly StoredResult[]> {
  for (let at = 0; at < items.length; at += ROWS_OF_A_STATEMENT) yield items.slice(at, at + ROWS_OF_A_STATEMENT);
}
