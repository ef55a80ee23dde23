import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { StateBackend } from './state-backend.ts';
import {
  act,
  anAction,
  bytes,
  codeOf,
  collect,
  keysOf,
  Model,
  type OpenBackend,
  type Pair,
} from './state-backend-model.contract.ts';
import { batchContract, pairsContract, scanContract } from './state-backend-pairs.contract.ts';

type MakeBackend = () => StateBackend | Promise<StateBackend>;

/**
 * What every {@link StateBackend} must do. `makeBackend` gives an empty one that has not been opened, each time
 * another; its place is cleaned up by the caller.
 */
export function stateBackendContract(name: string, makeBackend: MakeBackend): void {
  const opened: StateBackend[] = [];

  async function openBackend(pairs: readonly Pair[] = []): Promise<StateBackend> {
    const backend = await makeBackend();
    await backend.open();
    opened.push(backend);
    for (const [key, value] of pairs) await backend.put(bytes(...key), bytes(...value));
    return backend;
  }

  afterEach(async () => {
    for (const backend of opened.splice(0)) await backend.close();
  });

  pairsContract(name, openBackend);
  scanContract(name, openBackend);
  batchContract(name, openBackend);
  checkpointsContract(name, openBackend);
  openContract(name, makeBackend, openBackend);
  modelContract(name, openBackend);
}

function checkpointsContract(name: string, openBackend: OpenBackend): void {
  describe(`${name}: checkpoints`, () => {
    it('put everything back to what it was, as often as wanted', async () => {
      const backend = await openBackend([
        [[1], [1]],
        [[2], [2]],
      ]);
      const info = await backend.checkpoint('one');
      expect(info.id).toBe('one');
      expect(Number.isInteger(info.createdAt) && info.sizeBytes >= 0).toBe(true);
      for (let round = 0; round < 2; round++) {
        await backend.put(bytes(1), bytes(9));
        await backend.delete(bytes(2));
        await backend.put(bytes(3), bytes(3));
        await backend.restore('one');
        expect(await collect(backend.scan(bytes()))).toEqual([
          [[1], [1]],
          [[2], [2]],
        ]);
      }
    });

    it('are verified, and are sound', async () => {
      const backend = await openBackend([[[1], [1]]]);
      await backend.checkpoint('one');
      expect(await backend.verifyCheckpoint('one')).toEqual([]);
      expect(await codeOf(backend.verifyCheckpoint('two'))).toBe('CHECKPOINT_UNKNOWN');
    });

    it('are listed from the oldest, and replaced by one of the same id', async () => {
      const backend = await openBackend();
      expect(await backend.listCheckpoints()).toEqual([]);
      for (const id of ['b', 'a', 'c']) {
        await backend.put(bytes(1), bytes(id.charCodeAt(0)));
        await backend.checkpoint(id);
      }
      await backend.put(bytes(1), bytes(77));
      const replaced = await backend.checkpoint('b');
      const listed = await backend.listCheckpoints();
      expect(listed.map(({ id }) => id)).toEqual(['a', 'c', 'b']);
      expect(listed[2]).toEqual(replaced);
      await backend.restore('a');
      expect(await backend.get(bytes(1))).toEqual(bytes(97));
      await backend.restore('b');
      expect(await backend.get(bytes(1))).toEqual(bytes(77));
    });

    it('that are unknown or deleted cannot be restored, and nothing changes', async () => {
      const backend = await openBackend([[[1], [1]]]);
      await backend.checkpoint('one');
      await backend.deleteCheckpoint('one');
      await backend.deleteCheckpoint('never made');
      for (const id of ['one', 'never made', '__proto__', '']) {
        expect(await codeOf(backend.restore(id))).toBe('CHECKPOINT_UNKNOWN');
      }
      expect(await backend.listCheckpoints()).toEqual([]);
      expect(await keysOf(backend)).toEqual([[1]]);
    });
  });
}

function openContract(name: string, makeBackend: MakeBackend, openBackend: OpenBackend): void {
  describe(`${name}: open and close`, () => {
    const uses: [string, (backend: StateBackend) => Promise<unknown>][] = [
      ['get', (backend) => backend.get(bytes(1))],
      ['put', (backend) => backend.put(bytes(1), bytes(1))],
      ['delete', (backend) => backend.delete(bytes(1))],
      ['scan', (backend) => collect(backend.scan(bytes()))],
      ['batch', (backend) => backend.batch([{ key: bytes(1) }])],
      ['checkpoint', (backend) => backend.checkpoint('one')],
      ['restore', (backend) => backend.restore('one')],
      ['listCheckpoints', (backend) => backend.listCheckpoints()],
      ['deleteCheckpoint', (backend) => backend.deleteCheckpoint('one')],
    ];

    it.each(uses)('%s rejects before the one and after the other', async (_method, use) => {
      const backend = await makeBackend();
      expect(await codeOf(use(backend))).toBe('STATE_FAILED');
      await backend.open();
      await backend.close();
      expect(await codeOf(use(backend))).toBe('STATE_FAILED');
    });

    it('may be closed twice', async () => {
      const backend = await openBackend();
      await backend.close();
      expect(await codeOf(backend.close())).toBeUndefined();
    });

    it('keep pairs and checkpoints where the backend is recoverable', async () => {
      const backend = await openBackend([[[1], [1]]]);
      if (!backend.recoverable) return;
      const info = await backend.checkpoint('one');
      await backend.put(bytes(2), bytes(2));
      await backend.close();
      await backend.open();
      expect(await keysOf(backend)).toEqual([[1], [2]]);
      expect(await backend.listCheckpoints()).toEqual([info]);
      await backend.restore('one');
      expect(await keysOf(backend)).toEqual([[1]]);
    });
  });
}

function modelContract(name: string, openBackend: OpenBackend): void {
  describe(`${name}: whatever is done, in any order`, () => {
    it('holds what a plain list would', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anAction, { maxLength: 25 }), async (actions) => {
          const backend = await openBackend();
          const model = new Model();
          for (const action of actions) {
            await act(backend, action);
            model.act(action);
            expect(await collect(backend.scan(bytes(...action.key)))).toEqual(model.scan(action.key));
          }
          expect(await collect(backend.scan(bytes()))).toEqual(model.scan([]));
          for (const [key, value] of model.pairs) expect(await backend.get(bytes(...key))).toEqual(bytes(...value));
          await backend.close();
        }),
        { numRuns: 60 },
      );
      // Thousands of files where the backend is one of the disk.
    });
  });
}
