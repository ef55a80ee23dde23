/**
 * Events posted to a server of one's own: an HttpSource takes each request's body and says what to answer. The command
 * line has such a server built in (`source: { type: http }`).
 *
 * Prints:
 * 400 3 accepted; rejected: not_json
 * model=gpt-4 2 410
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BoundedOutOfOrdernessWatermark, CallbackSink, createPipeline, HttpSource } from 'llm-optimizer-processor';

const source = new HttpSource({ token: 'not-a-secret', maxBodyBytes: 65_536 });

const server = createServer((request, response) => {
  if (!source.authorized(request.headers.authorization)) {
    response.writeHead(401).end();
    return;
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= source.maxBodyBytes) chunks.push(chunk);
  });
  request.on('end', () => {
    const type = request.headers['content-type'];
    const outcome =
      sizeBytes > source.maxBodyBytes
        ? { status: 413, message: 'the body is too large' }
        : source.accept(Buffer.concat(chunks), type === undefined ? {} : { 'content-type': type });
    response.writeHead(outcome.status, { 'content-type': 'application/json' }).end(JSON.stringify(outcome));
  });
});
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve);
});

let delivered = (): void => undefined;
const first = new Promise<void>((resolve) => {
  delivered = resolve;
});

const pipeline = createPipeline('ingest')
  .withSource(source)
  .withKey('model')
  .withValue('latency_ms')
  .withTumblingWindow('1m')
  .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0))
  .withSink(
    new CallbackSink(({ key, results }) => {
      console.log(String(key), results.count, results.max);
      delivered();
    }),
  )
  .build();
const running = pipeline.run();

const { port } = server.address() as AddressInfo;
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
const { accepted, rejected } = (await response.json()) as { accepted: number; rejected: { reason: string }[] };
console.log(response.status, accepted, 'accepted;', 'rejected:', rejected.map(({ reason }) => reason).join());

// The first minute is over: its result comes by itself. Stopping a run does not fire what is still open.
await first;
await pipeline.stop();
await running;
server.close();
server.closeAllConnections();
