/**
 * What becomes of late events: within the allowed lateness they update their window; later than that they go to the side
 * output, with the window they missed and by how much.
 *
 * Prints:
 * too late for [0, 60000): 30000, by 140000 ms
 * {
 *   assigned: 7,
 *   onTime: 4,
 *   outOfOrder: 0,
 *   acceptedLate: 2,
 *   droppedLate: 1
 * }
 */
import { CallbackSink, createPipeline, type LateEvent, LateEventHandler, MemorySource } from 'llm-optimizer-processor';

const at = (seconds: number): { timestamp: number } => ({ timestamp: seconds * 1000 });

const late = new LateEventHandler('1m').withSideOutput(
  new CallbackSink<LateEvent>(({ window, eventTime, latenessMs }) => {
    console.log(`too late for [${window.start}, ${window.end}): ${eventTime}, by ${latenessMs} ms`);
  }),
);

const summary = await createPipeline()
  .withSource(new MemorySource([10, 70, 95, 20, 200, 30, 115].map(at)))
  .withAggregations('count')
  .withTumblingWindow('1m')
  .withLateEventHandler(late)
  .withSink(new CallbackSink(() => undefined))
  .build()
  .run();

const { assigned, onTime, outOfOrder, acceptedLate, droppedLate } = summary.counters;
console.log({ assigned, onTime, outOfOrder, acceptedLate, droppedLate });
