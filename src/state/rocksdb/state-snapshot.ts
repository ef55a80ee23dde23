import { resolve } from 'node:path';
import type { ScanOptions, StateEntry } from '../state-backend.ts';
import { StateReader } from './state-reader.ts';
import { WorkerClient } from './worker-client.ts';

/** A state as it was at one moment, to be read. */
export interface StateSnapshot {
  /** The values of some keys, in their order; undefined where there is none. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** The pairs whose key begins with `prefix`, in key order. */
  scan(prefix: Uint8Array, options?: ScanOptions): AsyncIterable<StateEntry>;
  sizeBytes(): number;
  /** Removes the copy that it reads. */
  close(): Promise<void>;
}

/**
 * Opens the state in a folder as of now, to be read, whoever has it open: it opens a copy of it, made of links inside
 * the folder. Nothing that others write waits for it, and it does not see it.
 *
 * @throws ProcessorError STATE_FAILED if there is none, STATE_UNAVAILABLE without the package.
 */
export async function openSnapshot(path: string): Promise<StateSnapshot> {
  const client = new WorkerClient();
  try {
    await client.ask('openSnapshot', { path: resolve(path), cacheMb: 8, writeBufferMb: 8 });
  } catch (error) {
    await client.end();
    throw error;
  }
  const reader = new StateReader('the snapshot');
  reader.attach(client);
  return {
    getMany: (keys) => reader.getMany(keys),
    scan: (prefix, options = {}) => reader.scan(prefix, options),
    sizeBytes: () => reader.sizeBytes(),
    close: async () => reader.detach()?.close(),
  };
}
