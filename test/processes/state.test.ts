import { appendFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { until } from '../waiting.ts';
import { run, start, type Child } from './child.ts';
import { scratchFolder } from './folder.ts';

const { at, write } = scratchFolder();

const line = (i: number): string =>
  `${JSON.stringify({ timestamp: 1_700_000_000_000 + i * 1000, model: `m${i % 3}` })}\n`;
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('');

/** A configuration that follows a file, with state, results and checkpoints of its own. */
function configuration(name: string, watermark = 'max_out_of_orderness_secs: 0'): string {
  write(`${name}.ndjson`, lines(0, 1000));
  return write(
    `${name}.yaml`,
    `processor:
  name: ${name}
  source: { type: file, paths: [${at(`${name}.ndjson`)}], follow: true }
  event: { key: [model] }
  windows: { tumbling: { size_secs: 10 } }
  watermark: { ${watermark} }
  commit_interval_ms: 20
  state: { backend: rocksdb, path: ${at(`${name}-state`)}, checkpoint_path: ${at(`${name}-checkpoints`)} }
  sinks: [{ type: file, path: ${at(`${name}-out.ndjson`)} }]
  error_handling: { dead_letter_path: ${at(`${name}-dead.ndjson`)} }
  http: { port: 0 }
`,
  );
}

/** Ids of the results that a file has, whole lines only. */
function results(name: string): readonly string[] {
  const text = readFileSync(at(`${name}-out.ndjson`), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((each) => (JSON.parse(each) as { readonly id: string }).id);
}

async function untilResults(name: string, count: number): Promise<void> {
  await until(() => results(name).length >= count);
}

const portOf = async (child: Child): Promise<string> => new URL(await child.url()).port;

describe('state on disk', () => {
  it('survives SIGKILL: started again, the run goes on, and no result is there twice or missing', async () => {
    const config = configuration('killed');
    const first = start(['run', '-c', config]);
    // Of 1,000 s the last window is open: 99 windows of three keys each.
    await untilResults('killed', 297);
    first.signal('SIGKILL');
    await first.ended();
    appendFileSync(at('killed.ndjson'), lines(1000, 1500));
    const second = start(['run', '-c', config]);
    await second.says('going on from epoch');
    await untilResults('killed', 447);
    second.signal('SIGTERM');
    expect(await second.ended()).toBe(0);
    expect(results('killed')).toHaveLength(447);
    expect(new Set(results('killed')).size).toBe(447);
  });

  it('goes on where watermarks are handed on at intervals, which the clock of another process has measured', async () => {
    const config = configuration('intervals', 'max_out_of_orderness_secs: 0, emit_interval_secs: 0.05');
    const first = start(['run', '-c', config]);
    await untilResults('intervals', 297);
    first.signal('SIGTERM');
    expect(await first.ended()).toBe(0);
    appendFileSync(at('intervals.ndjson'), lines(1000, 1500));
    const second = start(['run', '-c', config]);
    await untilResults('intervals', 447);
    second.signal('SIGTERM');
    expect([await second.ended(), new Set(results('intervals')).size]).toEqual([0, 447]);
  });

  it('is of one process: the second ends with code 3 and names the first, whose port it has found taken or not', async () => {
    const config = configuration('taken');
    const first = start(['run', '-c', config]);
    await untilResults('taken', 297);
    for (const port of ['0', await portOf(first)]) {
      const second = await run(['run', '-c', config], { environment: { PROCESSOR_HTTP__PORT: port } });
      expect(second.code).toBe(3);
      expect(second.stderr).toContain(`process ${String(first.process.pid)} on `);
      expect(second.stderr).toContain('[STATE_LOCKED]');
    }
    first.signal('SIGTERM');
    expect(await first.ended()).toBe(0);
  });

  it('is checkpointed by the process that has it where that is asked, and says so where it cannot be', async () => {
    const config = configuration('asked');
    const child = start(['run', '-c', config]);
    await untilResults('asked', 297);
    const create = async (port: string, id: string) =>
      run(['checkpoint', 'create', id, '-c', config], { environment: { PROCESSOR_HTTP__PORT: port } });
    expect(await create(await portOf(child), 'live')).toMatchObject({ code: 0, stderr: '' });
    const unknown = await create('0', 'none');
    expect([unknown.code, unknown.stdout]).toEqual([3, '']);
    expect(unknown.stderr).toContain('http.port is 0, so where it listens is not known');
    const other = start(['run', '-c', configuration('other')]);
    const wrong = await create(await portOf(other), 'lost');
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain('The process that answered is another one');
    const inUse = await run(['checkpoint', 'restore', 'live', '--yes', '-c', config]);
    expect([inUse.code, inUse.stderr]).toEqual([3, expect.stringContaining('[STATE_LOCKED]')]);
    for (const each of [child, other]) each.signal('SIGTERM');
    expect([await child.ended(), await other.ended()]).toEqual([0, 0]);
    const verified = await run(['checkpoint', 'verify', '-c', config]);
    expect(verified).toMatchObject({ code: 0, stdout: 'live: sound\n' });
  });

  it('goes back to a checkpoint: what came after is counted again, and the file of results has it once', async () => {
    const config = configuration('back');
    const first = start(['run', '-c', config]);
    await untilResults('back', 297);
    first.signal('SIGTERM');
    expect(await first.ended()).toBe(0);
    expect(await run(['checkpoint', 'create', 'then', '-c', config])).toMatchObject({ code: 0 });
    appendFileSync(at('back.ndjson'), lines(1000, 1500));
    const second = start(['run', '-c', config]);
    await untilResults('back', 447);
    second.signal('SIGTERM');
    await second.ended();
    expect(await run(['checkpoint', 'restore', 'then', '--yes', '-c', config])).toMatchObject({ code: 0 });
    const third = start(['run', '-c', config]);
    await third.says('going on from epoch');
    await until(async () =>
      (await fetch(`${await third.url()}/health`)).text().then((text) => text.includes('"read":1500')),
    );
    third.signal('SIGTERM');
    expect(await third.ended()).toBe(0);
    expect(results('back')).toHaveLength(447);
    expect(new Set(results('back')).size).toBe(447);
  });
});
