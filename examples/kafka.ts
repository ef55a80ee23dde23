/**
 * From Kafka to Kafka: latency by model and minute, each result exactly once for whoever reads committed records. Started
 * again, it goes on where it was. It needs a broker, and something to read:
 *
 *   npm run kafka
 *   npm run processor -- produce -i examples/events.ndjson -k model -b localhost:9092 -t feedback-events
 *
 * Prints:
 * 09:00 model=claude-3-opus: 3 requests, 643.3 ms
 * 09:00 model=gpt-4: 4 requests, 903.8 ms
 */
import { createPipeline, DeadLetterSink, KafkaAggregationSink, RocksDBStateBackend } from 'llm-optimizer-processor';

const bootstrapServers = process.env['KAFKA_BOOTSTRAP_SERVERS'] ?? 'localhost:9092';

const pipeline = createPipeline('kafka-example')
  .withKafkaSource({ bootstrapServers, topics: ['feedback-events'] })
  .withKey('model')
  .withValue('latency_ms')
  .withTumblingWindow('1m')
  // A partition that has nothing holds the others back no longer than this.
  .withIdleTimeout('1s')
  .withStateBackend(new RocksDBStateBackend('data/kafka-example/state', 'data/kafka-example/checkpoints'))
  .withSink(new KafkaAggregationSink({ bootstrapServers, resultTopic: 'aggregated-metrics' }))
  .withDeadLetterSink(new DeadLetterSink('processor-dead-letter'))
  .build();

let seen = 0;
for await (const { key, window, results } of pipeline.results()) {
  const start = new Date(window.start).toISOString().slice(11, 16);
  console.log(`${start} ${String(key)}: ${results.count} requests, ${results.average?.toFixed(1)} ms`);
  // Kafka has no end, and an example has.
  if ((seen += 1) === 2) break;
}
