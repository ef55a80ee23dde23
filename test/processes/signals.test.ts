import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { start, untilHeldUp } from './child.ts';
import { scratchFolder } from './folder.ts';

const { at, write } = scratchFolder();

/** A demonstration without an end; as fast as its results are read, or at some pace. */
function demoConfig(eventsPerSec: number): string {
  return write(
    `demo-${eventsPerSec}.yaml`,
    `processor:
  name: demo
  source: { type: demo, events_per_sec: ${eventsPerSec}, disorder_secs: 0 }
  event: { key: [model, region], value: latency_ms }
  windows: { tumbling: { size_secs: 1, allowed_lateness_secs: 0 } }
  watermark: { max_out_of_orderness_secs: 0 }
  sinks: [{ type: console, format: json }]
  error_handling: { dead_letter_path: ${JSON.stringify(at('dead-letters.ndjson'))} }
  http: { port: 0 }
`,
  );
}

const STOPPING = 'Stopping: finishing what is under way';

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends a run with 0, all that it has found delivered', async (signal) => {
    const child = start(['run', '--config', demoConfig(1000)]);
    await child.writes(1);
    child.signal(signal);
    expect(await child.ended()).toBe(0);
    expect(child.stderr).toContain(STOPPING);
    const fired = Number(/"fired":(\d+)/.exec(child.stderr)?.[1]);
    expect(child.stdout.trimEnd().split('\n')).toHaveLength(fired);
  });

  it.each([
    ['SIGINT', 'SIGTERM', 130],
    ['SIGTERM', 'SIGINT', 143],
  ] as const)('%s after %s ends at once, though nobody reads the results', async (second, first, code) => {
    const child = start(['run', '--config', demoConfig(0)], { unread: true });
    await untilHeldUp(await child.url());
    child.signal(first);
    await child.says(STOPPING);
    child.signal(second);
    const [exitCode] = (await once(child.process, 'exit')) as [number | null];
    expect(exitCode).toBe(code);
  });

  it('that comes again from a launcher is the same one', async () => {
    const child = start(['run', '--config', demoConfig(1000)]);
    await child.writes(1);
    child.signal('SIGTERM');
    child.signal('SIGTERM');
    await child.says(STOPPING);
    child.signal('SIGTERM');
    expect(await child.ended()).toBe(0);
    expect(child.stderr.split(STOPPING)).toHaveLength(2);
  });
});
