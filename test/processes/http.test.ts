import { describe, expect, it } from 'vitest';
import { until } from '../waiting.ts';
import { counterOf, post, start, untilHeldUp } from './child.ts';
import { scratchFolder } from './folder.ts';

const { at, write } = scratchFolder();
const NDJSON = { 'content-type': 'application/x-ndjson' };

function httpConfig(name: string, source: string, size = 3600): string {
  return write(
    `${name}.yaml`,
    `processor:
  name: ${name}
  source: { type: http, ${source} }
  event: { value: value }
  windows: { tumbling: { size_secs: ${size}, allowed_lateness_secs: 0 } }
  watermark: { max_out_of_orderness_secs: 0 }
  buffer_size: 10
  sinks: [{ type: console, format: json }]
  error_handling: { dead_letter_path: ${JSON.stringify(at('dead-letters.ndjson'))} }
  http: { port: 0 }
`,
  );
}

const event = (seconds: number): object => ({ timestamp: 1_700_000_000_000 + seconds * 1000, value: 1 });
const cloudEvent = (data: object): object => ({ specversion: '1.0', id: '1', source: '/test', type: 'call', data });

async function untilReady(url: string): Promise<void> {
  await until(async () => (await fetch(`${url}/ready`)).status === 200);
}

describe('events over HTTP', () => {
  it('are taken in every form, and counted by the time that the run has ended', async () => {
    const child = start(['run', '--config', httpConfig('forms', 'max_body_bytes: 1000')]);
    const url = await child.url();
    await untilReady(url);
    const forms: readonly (readonly [type: string, body: string, accepted: number])[] = [
      ['application/json', JSON.stringify(event(1)), 1],
      ['application/json', JSON.stringify([event(2), event(3)]), 2],
      ['application/x-ndjson', `${JSON.stringify(event(4))}\n${JSON.stringify(event(5))}\n`, 2],
      ['application/cloudevents+json', JSON.stringify(cloudEvent(event(6))), 1],
      ['application/cloudevents-batch+json', JSON.stringify([cloudEvent(event(7))]), 1],
    ];
    for (const [type, body, accepted] of forms) {
      const response = await post(url, body, { 'content-type': type });
      expect([type, response.status, await response.json()]).toEqual([type, 202, { accepted }]);
    }
    const mixed = await post(url, JSON.stringify([event(8), { value: 1 }, 7]));
    expect([mixed.status, await mixed.json()]).toEqual([
      400,
      expect.objectContaining({
        accepted: 1,
        rejected: [
          expect.objectContaining({ index: 1, reason: 'missing_timestamp' }),
          expect.objectContaining({ index: 2, reason: 'not_an_object' }),
        ],
      }),
    ]);
    expect((await post(url, JSON.stringify({ ...event(9), text: 'x'.repeat(1000) }))).status).toBe(413);
    expect((await post(url, 'a', { 'content-type': 'text/plain' })).status).toBe(415);
    await until(async () => (await counterOf(url, 'events_processed_total')) === 8);
    expect((await post(url, JSON.stringify(event(10)))).status).toBe(202);
    child.signal('SIGTERM');
    expect(await child.ended()).toBe(0);
    // What was taken is read before the end. The window is not over, and has no result.
    expect(child.stderr).toContain('"read":9,"decoded":9,"rejected":0');
    expect(child.stdout).toBe('');
    await expect(fetch(`${url}/ready`)).rejects.toThrow('fetch failed');
  });

  it('are sent back with 429 while nobody takes the results; a run that stops is not ready', async () => {
    const child = start(['run', '--config', httpConfig('full', 'buffer_events: 2000', 1)], { unread: true });
    const url = await child.url();
    await untilReady(url);
    let seconds = 0;
    let refusals = 0;
    let refused: Response | undefined;
    // A full buffer is emptied again and again until the pipe and all before it are full.
    await until(async () => {
      const lines = Array.from({ length: 2000 }, () => JSON.stringify(event((seconds += 1))));
      const response = await post(url, lines.join('\n'), NDJSON);
      expect([202, 429]).toContain(response.status);
      refusals = response.status === 429 ? refusals + 1 : 0;
      refused = response;
      return refusals === 20;
    });
    expect(refused?.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(await refused?.json()).toMatchObject({ accepted: 0, error: { code: 'too_many' } });
    await untilHeldUp(url);
    child.signal('SIGTERM');
    await until(async () => (await fetch(`${url}/ready`)).status === 503);
    expect((await post(url, JSON.stringify(event(seconds)))).status).toBe(503);
    child.read();
    expect(await child.ended()).toBe(0);
  });
});
