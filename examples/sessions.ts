/**
 * Sessions of users: windows that last as long as a user is active. A late event can join two sessions that had already
 * been reported; what was said of them is then taken back by retractions.
 *
 * Prints:
 * [0, 10) on_time: 1
 * [18, 28) on_time: 1
 * [0, 10) retraction: 1
 * [18, 28) retraction: 1
 * [0, 28) on_time: 3
 */
import { createPipeline } from 'llm-optimizer-processor';
import { TestDriver } from 'llm-optimizer-processor/testing';

const pipeline = createPipeline<{ timestamp: number; user: string }>()
  .withKey('user')
  .withAggregations('count')
  .withSessionWindow('10s', { allowedLateness: '1m' })
  .build();

const driver = new TestDriver(pipeline, { watermarks: 'manual' });
const seconds = (t: number): number => t * 1000;

driver.send({ timestamp: seconds(0), user: 'ada' });
driver.send({ timestamp: seconds(18), user: 'ada' });
driver.watermark(seconds(30));
driver.send({ timestamp: seconds(9), user: 'ada' });
driver.finish();

for (const { window, pane, results } of driver.takeResults()) {
  console.log(`[${window.start / 1000}, ${window.end / 1000}) ${pane.timing}: ${results.count}`);
}
