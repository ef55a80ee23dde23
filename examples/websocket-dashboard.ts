/**
 * Results to a WebSocket server, which acknowledges what it has: here it stands in for a dashboard. It is restarted in the
 * middle, and what it had not acknowledged comes again; by their ids it has each result once.
 *
 * Prints:
 * batch 1: 1 result
 * restarting
 * batch 1: 1 result
 * batch 2: 1 result
 * 3 results in all
 */
import { once } from 'node:events';
import { type AggregationResult, createPipeline, MemorySource, WebSocketSink } from 'llm-optimizer-processor';
import { WebSocketServer } from 'ws';

interface Batch {
  readonly type: 'results';
  readonly seq: number;
  readonly results: readonly Pick<AggregationResult, 'id' | 'results'>[];
}

const shown = new Map<string, object>();
let isRestarted = false;
const dashboard = new WebSocketServer({ host: '127.0.0.1', port: 0 });
dashboard.on('connection', (socket) => {
  socket.on('message', (data) => {
    const { seq, results } = JSON.parse((data as Buffer).toString()) as Batch;
    if (shown.size === 1 && !isRestarted) {
      isRestarted = true;
      console.log('restarting');
      socket.terminate();
      return;
    }
    for (const { id, results: values } of results) shown.set(id, values);
    console.log(`batch ${seq}: ${results.length} ${results.length === 1 ? 'result' : 'results'}`);
    socket.send(JSON.stringify({ type: 'ack', seq }));
  });
});

await once(dashboard, 'listening');
const { port } = dashboard.address() as { port: number };
const events = [0, 1, 2].map((minute) => ({ timestamp: minute * 60_000, cost: 1 }));
await createPipeline('costs')
  .withSource(new MemorySource(events))
  .withValue('cost')
  .withTumblingWindow('1m')
  .withBufferSize(1)
  .withSink(new WebSocketSink(`ws://127.0.0.1:${port}`, { acknowledgements: true, reconnectDelay: 0 }))
  .build()
  .run();
dashboard.close();

console.log(`${shown.size} results in all`);
