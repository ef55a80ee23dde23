/**
 * Results as an async iterable, with the types of the values that were asked for. Leaving the loop stops the pipeline.
 *
 * Prints:
 * 09:00 model=claude-3-opus: 643.3 ms, $0.064
 * 09:00 model=gpt-4: 903.8 ms, $0.139
 * finished
 */
import { createPipeline, FileSource } from 'llm-optimizer-processor';

const pipeline = createPipeline('iterator')
  .withSource(new FileSource(new URL('events.ndjson', import.meta.url).pathname))
  .withKey('model')
  .withValues({ latency: 'latency_ms', cost: 'cost_usd' })
  .withTumblingWindow('1m')
  .build();

let first = '';
for await (const { key, window, results } of pipeline.results()) {
  const start = new Date(window.start).toISOString().slice(11, 16);
  first ||= start;
  if (start !== first) break;
  console.log(`${start} ${String(key)}: ${results.latency.average?.toFixed(1)} ms, $${results.cost.sum}`);
}
console.log(pipeline.status().state);
