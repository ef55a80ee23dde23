import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RocksDBStateBackend, type RocksDBStateBackendOptions } from '../../state/rocksdb/rocksdb-state-backend.ts';

/** A state that is open, with no checkpoints beside it. */
export interface LoneState {
  readonly backend: RocksDBStateBackend;
  close(): Promise<void>;
}

/**
 * Takes the state in a folder for this process; one that is not there is made, empty. Without checkpoints there is nothing
 * that one which is damaged could be mended from: that is an error.
 * @throws ProcessorError STATE_LOCKED, STATE_CORRUPT and what else opening a state throws.
 */
export async function openLoneState(path: string, options: RocksDBStateBackendOptions = {}): Promise<LoneState> {
  const none = join(path, `no-checkpoints-${randomUUID()}`);
  const backend = new RocksDBStateBackend(path, none, options);
  try {
    await backend.open();
  } catch (error) {
    await rm(none, { recursive: true, force: true });
    throw error;
  }
  return {
    backend,
    close: async () => {
      await backend.close();
      await rm(none, { recursive: true, force: true });
    },
  };
}
