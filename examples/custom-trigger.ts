/**
 * A window that fires whenever enough has come, and at its end: on count or time. Early results are panes of the same
 * window; each carries the whole window so far.
 *
 * Prints:
 * pane 0 early: count 3, max 102
 * pane 1 early: count 6, max 105
 * pane 2 on_time: count 7, max 106
 */
import { createPipeline, type Watermark, type Window, type WindowTrigger } from 'llm-optimizer-processor';
import { TestDriver } from 'llm-optimizer-processor/testing';

class HybridTrigger implements WindowTrigger {
  readonly countThreshold: number;

  constructor(countThreshold: number) {
    this.countThreshold = countThreshold;
  }

  shouldFire(window: Window, watermark: Watermark, elementCount: number): boolean {
    return elementCount >= this.countThreshold || watermark.timestamp >= window.end;
  }

  shouldPurge(window: Window, watermark: Watermark): boolean {
    return watermark.timestamp >= window.end + 3_600_000;
  }
}

const pipeline = createPipeline()
  .withValue('latencyMs')
  .withTumblingWindow('1m', { trigger: new HybridTrigger(3) })
  .build();

const driver = new TestDriver(pipeline);
for (let i = 0; i < 7; i += 1) driver.send({ timestamp: i * 1000, latencyMs: 100 + i });
driver.watermark(60_000);

for (const { pane, results } of driver.takeResults()) {
  console.log(`pane ${pane.index} ${pane.timing}: count ${results.count}, max ${results.max}`);
}
