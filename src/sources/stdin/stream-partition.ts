import type { Readable } from 'node:stream';
import type { RecordBlock } from '../../event/record-block.ts';
import { ABORTED } from '../abortable.ts';
import type { SourceContext, SourcePartition } from '../event-source.ts';
import type { Framer } from '../framing/framer.ts';
import { createFramer, type StreamFormat } from '../framing/stream-format.ts';
import { ItemReader } from '../item-reader.ts';
import { sourceFailure } from '../source-failure.ts';

/** A stream of bytes as a partition. Read ahead is what the stream itself buffers, and one piece. */
export class StreamPartition implements SourcePartition {
  readonly id: string;
  readonly #stream: Readable;
  readonly #context: SourceContext;
  readonly #framer: Framer;
  readonly #pieces: ItemReader<unknown>;
  #ended = false;
  #waiting = false;

  constructor(id: string, stream: Readable, format: StreamFormat, context: SourceContext) {
    this.id = id;
    this.#stream = stream;
    this.#context = context;
    this.#framer = createFramer(format, { maxBlockRecords: context.maxBlockRecords });
    this.#pieces = new ItemReader<unknown>(stream);
  }

  get caughtUp(): boolean {
    return this.#waiting;
  }

  async read(): Promise<RecordBlock | null> {
    const { signal, clock } = this.#context;
    while (!signal.aborted) {
      const block = this.#framer.take(clock.now());
      if (block !== null || this.#ended) return block;
      await this.#readPiece(signal);
    }
    return null;
  }

  close(): Promise<void> {
    this.#ended = true;
    this.#stream.destroy();
    return Promise.resolve();
  }

  async #readPiece(signal: AbortSignal): Promise<void> {
    this.#waiting = !(await this.#pieces.ready());
    try {
      const piece = await this.#pieces.next(signal);
      if (piece === ABORTED) return;
      if (piece.done === true) {
        this.#ended = true;
        this.#framer.end();
      } else {
        this.#framer.push(bytesOf(piece.value));
      }
    } catch (error) {
      throw sourceFailure('standard input cannot be read', error);
    } finally {
      this.#waiting = this.#ended;
    }
  }
}

function bytesOf(piece: unknown): Uint8Array {
  // A stream that was given an encoding hands over text.
  return piece instanceof Uint8Array ? piece : Buffer.from(String(piece));
}
