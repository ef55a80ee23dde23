/**
 * Requests of one minute, by model: read from a file, printed as a table.
 *
 * Prints:
 * tumbling  09:00:00 – 09:01:00  2026-03-02 UTC
 *   model           count     avg  stddev     min     p50     p95     p99     max
 *   claude-3-opus       3   643.3    53.1     580     640     710     710     710
 *   gpt-4               4   903.8   140.4     760     820   1,130   1,130   1,130
 *
 * tumbling  09:01:00 – 09:02:00
 *   model           count      avg  stddev     min     p50     p95     p99     max
 *   claude-3-opus       2    652.5    37.5     615     615     690     690     690
 *   gpt-4               2  1,615.0   595.0   1,020   1,020   2,210   2,210   2,210
 *
 * tumbling  09:02:00 – 09:03:00
 *   gpt-4               1    880.0     0.0     880     880     880     880     880
 */
import { ConsoleSink, createPipeline, FileSource } from 'llm-optimizer-processor';

const pipeline = createPipeline('quick-start')
  .withSource(new FileSource(new URL('events.ndjson', import.meta.url).pathname))
  .withKey('model')
  .withValue('latency_ms')
  .withTumblingWindow('1m')
  .withSink(new ConsoleSink({ width: 80, color: false }))
  .build();

await pipeline.run();
