import { messageOf } from '../../errors/message-of.ts';
import type { Writable } from 'node:stream';
import { sinkFailed, sinkTimedOut, unlessAborted } from '../sink-error.ts';

const PIECE_BYTES = 65_536;

/**
 * Writes text to a stream at the pace of its reader. An error of the stream rejects the write, and every later one;
 * the stream's own error, with its code (`EPIPE` where the reader has gone), is the cause.
 */
export class TextOutput {
  readonly #stream: Writable;
  #pending: Promise<void> = Promise.resolve();
  #error: Error | undefined;
  #listening = false;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Resolves when the stream has passed on all the text. Rejects with SINK_TIMEOUT where `signal` aborts first. */
  async write(text: string, signal: AbortSignal): Promise<void> {
    this.#listen();
    const givenUp = (): Error => sinkTimedOut('the output did not take the results in time: its reader is not reading');
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      // An earlier write that was given up may still be under way: the stream never holds more than one piece.
      await unlessAborted(this.#pending, signal, givenUp);
      this.#pending = this.#writePiece(bytes.subarray(at, at + PIECE_BYTES));
      this.#pending.catch(() => undefined); // Reported by the waits on it, or, where those were given up, by the next.
    }
    await unlessAborted(this.#pending, signal, givenUp);
  }

  /** Lets go of the stream, which stays open: it belongs to the caller. */
  close(): void {
    this.#stream.off('error', this.#onError);
    this.#listening = false;
  }

  #writePiece(piece: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) {
        reject(failure(this.#error));
        return;
      }
      this.#stream.write(piece, (error) => {
        if (error === null || error === undefined) {
          resolve();
          return;
        }
        this.#error ??= error;
        reject(failure(this.#error));
      });
    });
  }

  /** A stream whose errors nobody listens for ends the process. */
  #listen(): void {
    if (this.#listening) return;
    this.#stream.on('error', this.#onError);
    this.#listening = true;
  }

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };
}

function failure(error: Error): Error {
  const gone = 'code' in error && error.code === 'EPIPE';
  return sinkFailed(
    gone ? 'the reader of the output has closed it' : `the output cannot be written: ${messageOf(error)}`,
    error,
  );
}
