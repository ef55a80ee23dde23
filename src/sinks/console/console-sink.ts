import type { Writable } from 'node:stream';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { AggregationResult } from '../../results/aggregation-result.ts';
import type { Delivery, EventSink } from '../event-sink.ts';
import { ResultTable } from './result-table.ts';
import { TextOutput } from './text-output.ts';

const DEFAULT_WIDTH = 80;
// JSON leaves these as they are, and a terminal may obey them (U+009B opens an escape sequence). An escape is the same text.
const UNESCAPED = /[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A stream to write text to; a terminal also says so, and how wide it is. */
export type ConsoleStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Form and place of what a {@link ConsoleSink} writes. */
export interface ConsoleSinkOptions {
  /** `table`, for people, or `json`, one result a line. Default `table`. */
  readonly format?: 'table' | 'json';
  /** Where to write. Default the standard output. Never closed by the sink. */
  readonly stream?: ConsoleStream;
  /** Columns of a table. Default those of the terminal, 80 where there is none. */
  readonly width?: number;
  /** Default true on a terminal. */
  readonly color?: boolean;
}

/** Writes results to the standard output or another stream, at the pace of its reader. At least once. */
export class ConsoleSink implements EventSink<AggregationResult<object>> {
  readonly name = 'console';
  /** A terminal can be held, and a pager read, for as long as a person likes. */
  readonly deliveryTimeoutMs = Infinity;
  readonly #format: 'table' | 'json';
  readonly #stream: ConsoleStream;
  readonly #width: number | undefined;
  readonly #output: TextOutput;
  readonly #table: ResultTable;

  /** @throws ProcessorError CONFIG_INVALID for an unknown format or a width that is no whole number above 0. */
  constructor(options: ConsoleSinkOptions = {}) {
    const { format = 'table', stream = process.stdout, width, color } = options;
    if (format !== 'table' && format !== 'json') {
      throw invalid(`the console sink's format is "table" or "json", found ${JSON.stringify(format)}`);
    }
    if (width !== undefined && !(Number.isInteger(width) && width > 0)) {
      throw invalid(`the console sink's width is a whole number above 0, found ${String(width)}`);
    }
    this.#format = format;
    this.#stream = stream;
    this.#width = width;
    this.#output = new TextOutput(stream);
    this.#table = new ResultTable({ color: color ?? stream.isTTY === true });
  }

  async sendBatch(results: readonly AggregationResult<object>[], delivery: Delivery): Promise<void> {
    const lines = this.#format === 'json' ? results.map(jsonLine) : this.#table.render(results, this.#columns());
    if (lines.length > 0) await this.#output.write(`${lines.join('\n')}\n`, delivery.signal);
  }

  close(): void {
    this.#output.close();
  }

  /** Asked for at each delivery: a terminal's window can be resized. */
  #columns(): number {
    return this.#width ?? this.#stream.columns ?? DEFAULT_WIDTH;
  }
}

function jsonLine(result: AggregationResult<object>): string {
  return JSON.stringify(result).replace(
    UNESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function invalid(message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message);
}
