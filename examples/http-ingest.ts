/**
 * Events posted over HTTP: the server takes them, answers for each that is no event, and serves health and metrics.
 *
 * Prints:
 * 400 {"accepted":3,"rejected":1}
 * model=gpt-4 2 410
 * health 200
 */
import {
  BoundedOutOfOrdernessWatermark,
  CallbackSink,
  createPipeline,
  createServer,
  HttpSource,
} from 'llm-optimizer-processor';

const source = new HttpSource({ token: 'not-a-secret' });

let delivered: (result: string) => void = () => undefined;
const first = new Promise<string>((resolve) => {
  delivered = resolve;
});

const pipeline = createPipeline('ingest')
  .withSource(source)
  .withKey('model')
  .withValue('latency_ms')
  .withTumblingWindow('1m')
  .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
  .withSink(new CallbackSink(({ key, results }) => delivered(`${String(key)} ${results.count} ${results.max}`)))
  .build();

const server = createServer({
  status: () => pipeline.status(),
  metrics: pipeline.metrics,
  intake: source,
  port: 0, // Any free one.
});
const { port } = await server.listen();
const running = pipeline.run();
while (!(await fetch(`http://127.0.0.1:${port}/ready`)).ok);

const response = await fetch(`http://127.0.0.1:${port}/v1/events`, {
  method: 'POST',
  headers: { authorization: 'Bearer not-a-secret', 'content-type': 'application/x-ndjson' },
  body: [
    '{"timestamp": 1000, "model": "gpt-4", "latency_ms": 350}',
    '{"timestamp": 2000, "model": "gpt-4", "latency_ms": 410}',
    'not JSON',
    '{"timestamp": 61000, "model": "gpt-4", "latency_ms": 290}',
  ].join('\n'),
});
const answer = await response.text();
const { accepted } = JSON.parse(answer) as { accepted: number };
console.log(response.status, JSON.stringify({ accepted, rejected: 4 - accepted }));

// The first minute is over, so its result comes by itself. Stopping a run does not fire what is still open.
console.log(await first);
console.log('health', (await fetch(`http://127.0.0.1:${port}/health`)).status);
await pipeline.stop();
await running;
await server.close();
