import { describe, expect, it } from 'vitest';
import { importNative, type NativeRocksDB } from './native.ts';
import { packList } from './pack.ts';
import { usePlaces } from './scratch.contract.ts';
import { ServedState } from './served-state.ts';

const batchOf = (name: string): ArrayBuffer => packList([Buffer.from(name), Buffer.from('value')]);

/** RocksDB as it is after a write that found no room: it refuses to close well, for a part of the write is left. */
async function withoutRoomOnce(): Promise<NativeRocksDB> {
  const native = await importNative();
  let refusals = 0;
  return {
    ...native,
    batch_write: (db, batch, options) => {
      refusals += 1;
      if (refusals === 1) throw new Error('IO error: No space left on device: While appending to file');
      native.batch_write(db, batch, options);
    },
    db_close: (db, callback) => {
      native.db_close(db, (error) => {
        callback(refusals === 1 ? new Error('IO error: Seen error. Skip writing buffer.') : error);
      });
    },
  };
}

describe('a state whose write was refused', () => {
  const places = usePlaces();

  it('takes the next one, though the database that refused it does not close well', async () => {
    const { path, checkpointPath } = places();
    const request = { path, checkpointPath, owner: { pid: 1, host: '', since: 0 }, cacheMb: 1, writeBufferMb: 1 };
    const { state } = await ServedState.open(await withoutRoomOnce(), request);
    await expect(state.batch(batchOf('a'))).rejects.toThrow('No space left');
    await expect(state.batch(batchOf('a'))).resolves.toBeInstanceOf(ArrayBuffer);
    await state.close();
  });
});
