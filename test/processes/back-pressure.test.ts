import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { until } from '../waiting.ts';
import { start, untilHeldUp } from './child.ts';
import { scratchFolder } from './folder.ts';

const { at, write } = scratchFolder();
const MOST_KILOBYTES = 512 * 1024;

function residentKilobytes(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]);
}

describe('a source without a bound and a reader that does not read', () => {
  it('keep within memory, and go on where they were when the reader does', async (context) => {
    if (!existsSync('/proc/self/status')) context.skip('the memory of another process is read from /proc');
    const config = write(
      'endless.yaml',
      `processor:
  name: endless
  source: { type: demo, events_per_sec: 0 }
  event: { key: [model, region], value: latency_ms }
  windows: { tumbling: { size_secs: 1, allowed_lateness_secs: 0 } }
  sinks: [{ type: console, format: json }]
  error_handling: { dead_letter_path: ${JSON.stringify(at('dead-letters.ndjson'))} }
  http: { port: 0 }
`,
    );
    const child = start(['run', '--config', config], { unread: true });
    await untilHeldUp(await child.url());
    expect(residentKilobytes(child.process.pid)).toBeLessThan(MOST_KILOBYTES);
    child.read();
    await until(() => child.stdout.length > 4_000_000);
    expect(residentKilobytes(child.process.pid)).toBeLessThan(MOST_KILOBYTES);
    child.signal('SIGTERM');
    expect(await child.ended()).toBe(0);
    const ids = child.stdout.match(/^\{"id":"[^"]+"/gm) ?? [];
    expect(ids).toHaveLength(child.stdout.trimEnd().split('\n').length);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
