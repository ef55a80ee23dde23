/**
 * A webhook: results are posted, signed, to a server that checks the signature and takes each body once. What a receiver has to
 * do is all here; libraries for Standard Webhooks do the same in other languages.
 *
 * Prints:
 * 401 forged
 * 204 taken: costs/tumbling//0/60000/0
 * 204 known already
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createPipeline, HttpSink, MemorySource } from 'llm-optimizer-processor';

const SECRET = 'not-a-secret-but-long-enough';
const REPLAY_WINDOW_SECS = 300;

/** True if the body is as it was sent, by somebody who knows the secret, a few minutes ago at most. */
function isGenuine(headers: IncomingHttpHeaders, body: string): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  // Not a number is not below it either.
  if (!(age < REPLAY_WINDOW_SECS)) return false;
  const expected = createHmac('sha256', SECRET)
    .update(`${String(id)}.${String(timestamp)}.${body}`)
    .digest();
  return String(signatures)
    .split(' ')
    .map((signature) => Buffer.from(signature.replace(/^v1,/, ''), 'base64'))
    .some((signature) => signature.length === expected.length && timingSafeEqual(signature, expected));
}

/** Ids of what was taken: in a real receiver kept for a day or so, in the same transaction as the results. */
const taken = new Set<string>();

function answer(headers: IncomingHttpHeaders, body: string): readonly [status: number, what: string] {
  if (!isGenuine(headers, body)) return [401, 'forged'];
  const id = String(headers['webhook-id']);
  if (taken.has(id)) return [204, 'known already'];
  taken.add(id);
  const { results } = JSON.parse(body) as { results: { id: string }[] };
  return [204, `taken: ${results.map((result) => result.id).join()}`];
}

let last: { headers: IncomingHttpHeaders; body: string } | undefined;
const server = createServer((request, response) => void receive(request, response));

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  last = { headers: request.headers, body };
  const [status, what] = answer(request.headers, body);
  console.log(status, what);
  response.writeHead(status).end();
}

await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve);
});
const { port } = server.address() as { port: number };
const url = `http://127.0.0.1:${port}/llm`;

await fetch(url, { method: 'POST', body: '{"results":[]}' });
await createPipeline('costs')
  .withSource(new MemorySource([{ timestamp: 1000, cost: 0.25 }]))
  .withValue('cost')
  .withTumblingWindow('1m')
  .withSink(new HttpSink(url, { secret: SECRET }))
  .build()
  .run();
// Somebody sends the same once more.
const [status, what] = answer(last?.headers ?? {}, last?.body ?? '');
console.log(status, what);
server.close();
server.closeAllConnections();
