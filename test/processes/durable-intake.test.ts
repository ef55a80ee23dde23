import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { until } from '../waiting.ts';
import { Child } from './child.ts';
import { scratchFolder } from './folder.ts';

const { at } = scratchFolder();
const INTAKE = fileURLToPath(new URL('intake.ts', import.meta.url));
const SENDERS = 8;
const KILLS = 3;

describe('an HTTP source whose process is killed', () => {
  it('has every event that was answered 202 once, and of the others whole requests or nothing', async () => {
    const directory = at('state');
    const sent = new Set<number>();
    const answered: number[] = [];
    for (let life = 0; life < KILLS; life += 1) {
      const child = new Child(process.execPath, [INTAKE, directory], {});
      const url = await child.url();
      const before = answered.length;
      const senders = Array.from({ length: SENDERS }, () => send(url, sent, answered));
      await until(() => answered.length > before + 500);
      child.signal('SIGKILL');
      expect(await child.ended()).toBe('SIGKILL');
      await Promise.all(senders);
    }
    const reader = new Child(process.execPath, [INTAKE, directory, 'read'], {});
    expect(await reader.ended()).toBe(0);
    const lines = reader.stdout.trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { request: number; part: number });
    const requests = events.filter(({ part }) => part === 0).map(({ request }) => request);
    expect(events).toEqual(requests.flatMap((request) => [0, 1].map((part) => ({ request, part }))));
    expect(new Set(requests).size).toBe(requests.length);
    expect(answered.filter((request) => !requests.includes(request))).toEqual([]);
    expect(requests.filter((request) => !sent.has(request))).toEqual([]);
    expect(requests.length - answered.length).toBeLessThanOrEqual(KILLS * SENDERS);
  });
});

/** Sends requests of two events, one after another, until nobody answers any more. */
async function send(url: string, sent: Set<number>, answered: number[]): Promise<void> {
  for (;;) {
    const request = sent.size;
    sent.add(request);
    const body = JSON.stringify([0, 1].map((part) => ({ request, part })));
    const response = await fetch(url, { method: 'POST', body }).catch(() => null);
    if (response === null) return;
    expect(response.status).toBe(202);
    answered.push(request);
  }
}
