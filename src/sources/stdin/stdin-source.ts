import type { Readable } from 'node:stream';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { EventSource, OpenSource, SourceContext } from '../event-source.ts';
import type { StreamFormat } from '../framing/stream-format.ts';
import { StreamPartition } from './stream-partition.ts';

/** What a {@link StdinSource} reads, and how. */
export interface StdinSourceOptions {
  /** The stream to read, `process.stdin` in the command line. It belongs to the source: closing destroys it. */
  readonly stream: Readable;
  /** Default `ndjson`. */
  readonly format?: StreamFormat;
}

/**
 * Reads a stream of bytes to its end, such as what is piped into the process: one partition, `stdin`. What has gone
 * by cannot be read again, so a restart begins with what then comes; offsets count bytes from there.
 */
export class StdinSource implements EventSource {
  readonly name = 'stdin';
  readonly #stream: Readable;
  readonly #format: StreamFormat;

  constructor(options: StdinSourceOptions) {
    this.#stream = options.stream;
    this.#format = options.format ?? 'ndjson';
  }

  /** @throws ProcessorError SOURCE_FAILED for a stream that is closed, or of objects. */
  open(context: SourceContext): Promise<OpenSource> {
    if (this.#stream.destroyed || this.#stream.readableObjectMode) {
      const message = 'standard input cannot be read: the stream is closed, or is no stream of bytes';
      return Promise.reject(new ProcessorError('source', 'SOURCE_FAILED', message));
    }
    const partition = new StreamPartition('stdin', this.#stream, this.#format, context);
    return Promise.resolve({ partitions: [partition], close: () => partition.close() });
  }
}
