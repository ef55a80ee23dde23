import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../time/manual-clock.ts';
import { stateBackendContract } from '../state-backend.contract.ts';
import { MemoryStateBackend } from './memory-state-backend.ts';

stateBackendContract('memory', () => new MemoryStateBackend());

describe('MemoryStateBackend', () => {
  it('can be told not to be recoverable', () => {
    expect(new MemoryStateBackend().recoverable).toBe(true);
    expect(new MemoryStateBackend({ recoverable: false }).recoverable).toBe(false);
  });

  it('knows exactly how many bytes it holds', async () => {
    const backend = new MemoryStateBackend();
    await backend.open();
    const key = Uint8Array.of(1, 2);
    await backend.put(key, Uint8Array.of(1, 2, 3));
    expect(backend.sizeBytes()).toBe(5);
    await backend.put(key, Uint8Array.of(1));
    expect(backend.sizeBytes()).toBe(3);
    await backend.batch([{ key: Uint8Array.of(), value: Uint8Array.of(9, 9) }, { key: Uint8Array.of(7) }]);
    expect(backend.sizeBytes()).toBe(5);
    expect((await backend.checkpoint('one')).sizeBytes).toBe(5);
    await backend.delete(key);
    expect(backend.sizeBytes()).toBe(2);
    await backend.restore('one');
    expect(backend.sizeBytes()).toBe(5);
  });

  it('dates checkpoints by its clock', async () => {
    const clock = new ManualClock(1234);
    const backend = new MemoryStateBackend({ clock });
    await backend.open();
    await backend.checkpoint('one');
    clock.advance(1000);
    await backend.checkpoint('two');
    expect((await backend.listCheckpoints()).map(({ createdAt }) => createdAt)).toEqual([1234, 2234]);
  });
});
