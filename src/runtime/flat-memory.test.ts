import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { objectBlock } from '../sources/memory/object-block.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { partitionOf, readingsPipeline, settle, sourceOf } from './run-fixtures.contract.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of the heap that are in use after all garbage has gone. */
function heapUsed(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe('an endless fast source with a slow sink', () => {
  it('is read no faster than the sink takes, and memory stays flat', async () => {
    const clock = new ManualClock();
    let [read, delivered] = [0, 0];
    const source = sourceOf(({ maxBlockRecords }) =>
      ['a', 'b', 'c'].map((id) => {
        let at = 0;
        return partitionOf(id, async () => {
          read += 1;
          const events = Array.from({ length: maxBlockRecords }, () => {
            at += 1;
            return { timestamp: at, key: `${id}${at % 10}`, value: at };
          });
          return objectBlock(events, at, 0);
        });
      }),
    );
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(10)
      .withBufferSize(200)
      .withSink({
        sendBatch: async (items) => {
          await clock.sleep(100);
          delivered += items.length;
        },
      })
      .build({ clock });
    const running = pipeline.run();
    const pass = async (seconds: number): Promise<number> => {
      for (let i = 0; i < seconds * 10; i += 1) {
        clock.advance(100);
        await settle(clock, 3);
      }
      return heapUsed();
    };
    const warm = await pass(60);
    const [readWarm, deliveredWarm] = [read, delivered];
    const later = await pass(240);
    expect(delivered).toBeGreaterThan(deliveredWarm * 3);
    expect(later - warm).toBeLessThan(3_000_000);
    // What has been read is delivered, or is in the epoch at hand, or one block of each partition.
    expect(read).toBeGreaterThan(readWarm);
    expect(read * 200).toBeLessThanOrEqual(pipeline.status().counters.read + 3 * 200);
    clock.advance(100);
    const stopping = pipeline.stop();
    await pass(2);
    await stopping;
    await running;
  });
});
