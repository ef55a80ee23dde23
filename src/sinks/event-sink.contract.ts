import { describe, expect, it } from 'vitest';
import { silentLogger } from '../telemetry/logger.ts';
import { ManualClock } from '../time/manual-clock.ts';
import type { Delivery, EventSink, SinkContext } from './event-sink.ts';

/** A sink under test, and a look at what has arrived behind it. */
export interface SinkUnderTest<T> {
  readonly sink: EventSink<T>;
  /** An item that can be told by its number. */
  readonly item: (number: number) => T;
  /** The numbers of the items that have arrived, in order. */
  readonly arrived: () => Promise<readonly number[]> | readonly number[];
}

export const testContext: SinkContext = { pipeline: 'processor', clock: new ManualClock(), logger: silentLogger };

/** A delivery that is never given up. */
export function delivery(epoch = 1): Delivery {
  return { epoch, signal: new AbortController().signal };
}

/** Delivers as the pipeline does. */
async function deliver<T>(sink: EventSink<T>, items: readonly T[], to: Delivery = delivery()): Promise<void> {
  if (sink.sendBatch !== undefined) await sink.sendBatch(items, to);
  else for (const item of items) await sink.send?.(item, to);
}

/** What every sink does. */
export function describeEventSink<T>(name: string, make: () => Promise<SinkUnderTest<T>> | SinkUnderTest<T>): void {
  describe(`${name}, as a sink`, () => {
    it('has what was delivered, in order, when the delivery resolves', async () => {
      const { sink, item, arrived } = await make();
      await sink.open?.(testContext);
      await deliver(sink, [item(1), item(2)]);
      expect(await arrived()).toEqual([1, 2]);
      await deliver(sink, [item(3)]);
      expect(await arrived()).toEqual([1, 2, 3]);
      await sink.close?.();
      expect(await arrived()).toEqual([1, 2, 3]);
    });

    it('takes a delivery of nothing', async () => {
      const { sink, arrived } = await make();
      await sink.open?.(testContext);
      await deliver(sink, []);
      await sink.close?.();
      expect(await arrived()).toEqual([]);
    });

    it('takes a thousand items in one delivery', async () => {
      const { sink, item, arrived } = await make();
      await sink.open?.(testContext);
      const numbers = Array.from({ length: 1000 }, (_, index) => index);
      await deliver(sink, numbers.map(item));
      expect(await arrived()).toEqual(numbers);
      await sink.close?.();
    });

    it('can be closed without having been opened, and opened again after it was closed', async () => {
      const { sink, item, arrived } = await make();
      await sink.close?.();
      for (const number of [1, 2]) {
        await sink.open?.(testContext);
        await deliver(sink, [item(number)]);
        await sink.close?.();
      }
      expect(await arrived()).toEqual([1, 2]);
    });

    it('has a name for logs and metrics', async () => {
      expect((await make()).sink.name).toMatch(/^[a-z-]+$/);
    });
  });
}
