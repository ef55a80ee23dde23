import { Worker } from 'node:worker_threads';
import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { Command, Commands, Response } from './protocol.ts';

interface Pending {
  readonly resolve: (answer: Commands[Command]['answer']) => void;
  readonly reject: (error: ProcessorError) => void;
}

/** The worker runs from where this module runs from, and with the same extension: from the sources as when built. */
const EXTENSION = /\.[^./]+$/.exec(new URL(import.meta.url).pathname)?.[0] ?? '.js';

/** The thread that RocksDB works in, seen from outside. Questions are taken up in the order in which they are put. */
export class WorkerClient {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #count = 0;
  #ended: ProcessorError | undefined;
  #sizeBytes = 0;

  constructor() {
    // Flags of the process, such as those of `node --eval`, are not the worker's.
    this.#worker = new Worker(new URL(`./rocksdb-worker${EXTENSION}`, import.meta.url), { execArgv: [] });
    this.#worker.on('message', (response: Response) => this.#settle(response));
    this.#worker.on('error', (error) => this.#end(`the thread of RocksDB failed: ${messageOf(error)}`));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#end(`the thread of RocksDB ended with the code ${code}`);
        resolve();
      });
    });
  }

  /** Size of the state, as of the last answer. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Rejects with the worker's error, or STATE_FAILED if the thread ends first. */
  ask<C extends Command>(
    command: C,
    ask: Commands[C]['ask'],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Commands[C]['answer']> {
    return new Promise<Commands[Command]['answer']>((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const number = ++this.#count;
      this.#worker.postMessage({ number, command, ask }, transfer);
      this.#pending.set(number, { resolve, reject });
      // Only what is still to be answered keeps the process running.
      this.#worker.ref();
    });
  }

  /** Closes the state, then ends the thread. */
  async close(): Promise<void> {
    try {
      await this.ask('close', null);
    } finally {
      await this.end();
    }
  }

  /** Ends the thread, whatever it is doing. */
  async end(): Promise<void> {
    this.#worker.ref();
    await this.#worker.terminate();
    await this.#exited;
  }

  #settle(response: Response): void {
    const pending = this.#pending.get(response.number);
    this.#pending.delete(response.number);
    if (this.#pending.size === 0) this.#worker.unref();
    if ('error' in response) {
      pending?.reject(new ProcessorError('state', response.error.code, response.error.message));
      return;
    }
    this.#sizeBytes = response.sizeBytes;
    pending?.resolve(response.answer);
  }

  #end(message: string): void {
    this.#ended ??= new ProcessorError('state', 'STATE_FAILED', `${message}. Close the state and open it again`);
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}
