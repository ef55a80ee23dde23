import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { RocksDBStateBackend } from './rocksdb-state-backend.ts';

/** A folder for the tests of one file. In memory where there is such a place: what is synced there takes no time. */
export function useScratch(): () => string {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'rocksdb-state-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}

/** A state of a test: its folders, and backends on it that are closed after the test. */
export interface StatePlace {
  readonly path: string;
  readonly checkpointPath: string;
  open(): Promise<RocksDBStateBackend>;
}

/** Gives states in folders of their own. */
export function usePlaces(): (name?: string) => StatePlace {
  const scratch = useScratch();
  const opened: RocksDBStateBackend[] = [];
  let count = 0;
  afterEach(async () => {
    for (const backend of opened.splice(0)) await backend.close().catch(() => {});
  });
  return (name = `${++count}`) => {
    const path = join(scratch(), name);
    const checkpointPath = `${path}-checkpoints`;
    return {
      path,
      checkpointPath,
      open: async () => {
        const backend = new RocksDBStateBackend(path, checkpointPath);
        opened.push(backend);
        await backend.open();
        return backend;
      },
    };
  };
}
