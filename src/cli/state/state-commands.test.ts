import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RocksDBStateBackend } from '../../state/rocksdb/rocksdb-state-backend.ts';
import { main } from '../cli.ts';
import { fakeParts, fakeProcess, type FakeProcess } from '../fake-process.contract.ts';

const EVENTS = Array.from({ length: 100 }, (_, i) =>
  JSON.stringify({ timestamp: i * 1000, model: i % 4 === 0 ? 'b' : 'a', latency_ms: i }),
);

interface Scene {
  readonly at: (name: string) => string;
  /** Runs the command line over the state of the scene. */
  readonly run: (line: string, io?: FakeProcess) => Promise<{ code: number; out: string; err: string }>;
  readonly state: () => RocksDBStateBackend;
}

/** A folder with a configuration `p.yaml` and events; no state yet. */
async function scene(more = ''): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-state-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  await writeFile(at('events.ndjson'), `${EVENTS.join('\n')}\n`);
  await writeFile(
    at('p.yaml'),
    `processor:
  name: llm
  source: { type: file, paths: [${at('events.ndjson')}] }
  event: { key: [model], value: latency_ms }
  windows: { tumbling: { size_secs: 10 } }
  watermark: { max_out_of_orderness_secs: 0 }
  state: { backend: rocksdb, path: ${at('state')}, checkpoint_path: ${at('checkpoints')} }
  sinks: [{ type: file, path: ${at('out.ndjson')} }]
  error_handling: { dead_letter_path: ${at('dead.ndjson')} }
  logging: { level: warn }
  http: { enabled: false }
${more}`,
  );
  return {
    at,
    async run(line, io = fakeProcess()) {
      const argv = line.split(' ').map((word) => word.replace(/^@/, `${folder}/`));
      const code = await main(argv, io, fakeParts());
      const clean = (text: string): string => text.replaceAll(folder, '@');
      return { code, out: clean(io.stdout.text), err: clean(io.stderr.text) };
    },
    state: () => new RocksDBStateBackend(at('state'), at('checkpoints')),
  };
}

/** The same, after a run to the end of its input. */
async function sceneWithState(): Promise<Scene> {
  const made = await scene();
  expect(await made.run('run -c @p.yaml')).toEqual({ code: 0, out: '', err: '' });
  return made;
}

describe('checkpoints', () => {
  it('are made, listed, verified, exported, restored and deleted', async () => {
    const { run, at } = await sceneWithState();
    expect(await run('checkpoint list -c @p.yaml')).toEqual({
      code: 0,
      out: 'no checkpoints in @/checkpoints\n',
      err: '',
    });
    const made = await run('checkpoint create first -c @p.yaml');
    expect(made).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^made checkpoint first: [\d.]+ kB in @\/checkpoints\n$/),
    });
    const list = await run('checkpoint list --verify -c @p.yaml');
    expect(list.out).toMatch(
      /^Checkpoint +Made +Age +Size +Sound\nfirst +\d{4}-\d\d-\d\dT[\d:]+Z +\ds +[\d.]+ kB +yes\n$/,
    );
    const json = await run('checkpoint list --json -c @p.yaml');
    expect(JSON.parse(json.out)).toEqual([{ id: 'first', made: expect.any(String), size_bytes: expect.any(Number) }]);
    expect(await run('checkpoint verify -c @p.yaml')).toEqual({ code: 0, out: 'first: sound\n', err: '' });
    const exported = await run('checkpoint export first @copy -c @p.yaml');
    expect(exported.out).toContain('A processor with state.path: @/copy goes on from it.');
    expect((await run('checkpoint export first @copy -c @p.yaml')).code).toBe(3);
    const started = await run(
      'run -c @p.yaml',
      fakeProcess({
        PROCESSOR_STATE__PATH: at('copy'),
        PROCESSOR_LOGGING__LEVEL: 'info',
        PROCESSOR_STATE__CHECKPOINT_PATH: at('others'),
      }),
    );
    expect(started.err).toContain('going on from epoch');
    const restored = await run('checkpoint restore first --yes -c @p.yaml');
    expect(restored).toMatchObject({
      code: 0,
      out: 'restored checkpoint first: the next run on @/state goes on from it\n',
    });
    expect(restored.err).toContain('This replaces the state in @/state\nby checkpoint first (made ');
    expect((await run('checkpoint delete first --yes -c @p.yaml')).out).toBe('deleted checkpoint first\n');
    expect(await readdir(at('checkpoints'))).toEqual([]);
  });

  it('have a name that tells the time where none is given', async () => {
    const { run } = await sceneWithState();
    expect((await run('checkpoint create -c @p.yaml')).out).toMatch(/^made checkpoint manual-\d{8}T\d{6}Z: /);
  });

  it('that are damaged are named, with what is wrong, by code 3', async () => {
    const { run, at } = await sceneWithState();
    await run('checkpoint create one -c @p.yaml');
    await run('checkpoint create two -c @p.yaml');
    await truncate(at('checkpoints/one/checkpoint.json'), 10);
    const verified = await run('checkpoint verify two one -c @p.yaml');
    expect(verified.code).toBe(3);
    await truncate(at('checkpoints/two/db/CURRENT'), 3);
    const { code, out } = await run('checkpoint verify -c @p.yaml');
    expect([code, out]).toEqual([
      3,
      expect.stringMatching(/^two: damaged\n {2}@\/checkpoints\/two\/db\/CURRENT has 3 bytes, not 16\n/),
    ]);
    expect((await run('checkpoint list --verify -c @p.yaml')).out).toMatch(/^two .* no$/m);
  });

  it.each<[string, number, string]>([
    [
      'checkpoint restore frist',
      3,
      'there is no checkpoint "frist" in @/checkpoints; did you mean first? [CHECKPOINT_UNKNOWN]',
    ],
    [
      'checkpoint delete x/../y',
      3,
      '; the latest is first; "processor checkpoint list" shows all [CHECKPOINT_UNKNOWN]',
    ],
    ['checkpoint verify first none', 3, 'there is no checkpoint "none"'],
    ['checkpoint create a/b', 2, '"a/b" cannot be the name of a checkpoint: use 1 to 200 letters, digits'],
    ['checkpoint create auto-1', 2, 'auto-1: names that begin with "auto-"'],
    ['checkpoint restore first', 2, 'nothing was changed: without a terminal to ask on, this needs --yes'],
    ['checkpoint delete first', 2, 'nothing was changed: without a terminal to ask on, this needs --yes'],
  ])('"%s" is refused with code %d', async (line, code, message) => {
    const { run } = await sceneWithState();
    await run('checkpoint create first -c @p.yaml');
    const refused = await run(`${line} -c @p.yaml`);
    expect([refused.code, refused.out]).toEqual([code, '']);
    expect(refused.err).toContain(message);
  });
});

describe('a question', () => {
  it.each<[string, number]>([
    ['y\n', 0],
    ['Yes\n', 0],
    ['\n', 1],
    ['no\n', 1],
    ['', 1],
  ])('is answered by %j', async (answer, kept) => {
    const { run } = await sceneWithState();
    await run('checkpoint create first -c @p.yaml');
    const io = fakeProcess();
    io.stdin.isTTY = true;
    io.stderr.isTTY = true;
    io.stdin.end(answer);
    const { code, err } = await run('checkpoint delete first -c @p.yaml', io);
    expect(code).toBe(0);
    expect(err).toContain('This deletes checkpoint first (made ');
    expect(err).toContain('Go on? [y/N]');
    expect(err.includes('Nothing was changed.')).toBe(kept === 1);
    expect((await run('checkpoint list -c @p.yaml')).out.includes('first')).toBe(kept === 1);
  });
});

describe('where the state is', () => {
  it.each<[string, number, string]>([
    ['state inspect', 2, 'processor: say which state: --config FILE, or --state-path and --checkpoint-path\n'],
    [
      'checkpoint list -c @memory.yaml',
      2,
      'keeps its state in memory (state.backend: memory), so there is nothing on disk',
    ],
    ['state inspect --state-path @nowhere', 3, 'there is no state in @/nowhere'],
    ['checkpoint create --state-path @nowhere --checkpoint-path @none', 3, 'there is no state in @/nowhere'],
    [
      'state inspect --state-path @a --checkpoint-path @a/b',
      2,
      '--checkpoint-path processor.state.checkpoint_path: expected a folder outside',
    ],
    ['checkpoint frob', 2, "unknown command 'frob'"],
    ['state', 2, 'Usage: processor state'],
    ['checkpoint export one', 2, "missing required argument 'folder'"],
  ])('is asked for by "%s" with code %d', async (line, code, message) => {
    const { run, at } = await scene();
    await writeFile(at('memory.yaml'), 'processor: { name: m }\n');
    const refused = await run(line);
    expect([refused.code, refused.out]).toEqual([code, '']);
    expect(refused.err).toContain(message);
  });

  it('is told by folders, by the environment, or by a configuration that they win over', async () => {
    const { run, at } = await sceneWithState();
    expect((await run('state inspect --state-path @state')).out).toContain('Pipeline llm: ');
    const environment = { PROCESSOR_STATE__BACKEND: 'rocksdb', PROCESSOR_STATE__PATH: at('state') };
    expect((await run('state inspect', fakeProcess(environment))).out).toContain('Pipeline llm: ');
    const { PROCESSOR_STATE__PATH } = environment;
    expect((await run('state inspect', fakeProcess({ PROCESSOR_STATE__PATH }))).out).toContain('Pipeline llm: ');
    expect((await run('state inspect -c @p.yaml --state-path @nowhere')).err).toContain('no state in @/nowhere');
  });
});

describe('state inspect', () => {
  it('shows where a pipeline stands, in 80 columns', async () => {
    const { run } = await sceneWithState();
    const { code, out } = await run('state inspect -c @p.yaml');
    expect(code).toBe(0);
    expect(out).toMatch(/^@\/state: [\d.]+ kB on disk, in \d+ files\n\nPipeline llm: \d+ entries, /);
    expect(out).toContain('  counted      100 read, 100 assigned, 20 fired\n');
    expect(out).toContain('  watermark    end of input\n');
    expect(out).toContain('  windows      tumbling(size=10s)\n');
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('shows windows and keys, as JSON, while a process has the state', async () => {
    const { run, state } = await scene('  buffer_size: 10\n');
    const io = fakeProcess({ PROCESSOR_SOURCE__FOLLOW: 'true', PROCESSOR_LOGGING__LEVEL: 'info' });
    const running = run('run -c @p.yaml', io);
    let shown: { pipelines: Record<string, unknown>[] } = { pipelines: [] };
    // Windows are stored a moment after what has gone into them.
    const isStored = ({ counters, journal }: Record<string, unknown>): boolean =>
      (counters as { read?: number }).read === 100 && (journal as { epochs: number }).epochs === 0;
    while (!shown.pipelines.some(isStored)) {
      const { code, out } = await run('state inspect --json -c @p.yaml');
      if (code === 0) shown = JSON.parse(out) as typeof shown;
    }
    await expect(state().open()).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    expect(shown.pipelines[0]).toMatchObject({
      name: 'llm',
      watermark: '1970-01-01T00:01:39.000Z',
      partitions: [{ state: 'active', watermark: '1970-01-01T00:01:39.000Z' }],
      earliest_windows: expect.arrayContaining([
        expect.objectContaining({ name: 'tumbling', start: '1970-01-01T00:01:30.000Z', keys: 2 }),
      ]),
      keys: { by_first_field: { 'model=a': { entries: expect.any(Number) }, 'model=b': expect.anything() } },
      configuration: { source: 'file', key: ['model'], metrics: ['latency_ms'] },
    });
    io.send('SIGTERM');
    expect((await running).code).toBe(0);
  });
});

describe('state reset', () => {
  it('leaves an empty state, and the checkpoints: the next run begins anew', async () => {
    const { run } = await sceneWithState();
    await run('checkpoint create kept -c @p.yaml');
    const { code, out, err } = await run('state reset --yes -c @p.yaml');
    expect([code, out]).toEqual([0, 'the state in @/state is empty: the next run begins anew\n']);
    expect(err).toMatch(
      /^This deletes the state in @\/state: [\d.]+ kB in \d+ files\.\nIt keeps the checkpoint in @\/checkpoints;/,
    );
    expect((await run('state inspect -c @p.yaml')).out).toContain('No pipeline has committed anything to it.');
    expect((await run('checkpoint verify -c @p.yaml')).out).toBe('kept: sound\n');
    const again = await run('run -c @p.yaml', fakeProcess({ PROCESSOR_LOGGING__LEVEL: 'info' }));
    expect(again.code).toBe(0);
    expect(again.err).not.toContain('going on from');
    expect(again.err).toContain('"read":100');
  });

  it('takes the checkpoints as well where it is told to', async () => {
    const { run, at } = await sceneWithState();
    await run('checkpoint create gone -c @p.yaml');
    expect((await run('state reset --yes --checkpoints -c @p.yaml')).err).toContain(
      'This deletes the checkpoint in @/checkpoints',
    );
    expect(await readdir(at('checkpoints'))).toEqual([]);
  });

  it('is refused while a process has the state, which it names', async () => {
    const { run, state } = await sceneWithState();
    const other = state();
    await other.open();
    const refused = await run('state reset --yes -c @p.yaml');
    expect([refused.code, refused.out]).toEqual([3, '']);
    expect(refused.err).toContain(`process ${String(process.pid)} on `);
    expect((await run('checkpoint restore x --yes -c @p.yaml')).code).toBe(3);
    await other.close();
  });

  it('throws away a state that is damaged', async () => {
    const { run, at } = await sceneWithState();
    await writeFile(at('state/db/CURRENT'), 'nonsense');
    expect((await run('run -c @p.yaml')).code).toBe(3);
    expect((await run('state reset --yes -c @p.yaml')).code).toBe(0);
    expect((await run('run -c @p.yaml')).code).toBe(0);
  });

  it('touches no folder that holds no state', async () => {
    const { run, at } = await scene();
    await mkdir(at('mine/db'), { recursive: true });
    await writeFile(at('mine/letter.txt'), 'dear');
    const { code, out } = await run('state reset --yes --state-path @mine');
    expect([code, out]).toEqual([0, 'no state in @/mine: there is nothing to reset\n']);
    expect(await readFile(at('mine/letter.txt'), 'utf8')).toBe('dear');
  });
});

describe('a run on state on disk', () => {
  it('goes on where it was, and tells so', async () => {
    const { run } = await sceneWithState();
    const { code, err } = await run('run -c @p.yaml', fakeProcess({ PROCESSOR_LOGGING__LEVEL: 'info' }));
    expect(code).toBe(0);
    expect(err).toMatch(/"msg":"going on from epoch \d+"/);
    expect(err).toContain('"read":100');
  });

  it('warns where a checkpoint had to take the place of a damaged state', async () => {
    const { run, at } = await sceneWithState();
    await run('checkpoint create good -c @p.yaml');
    await writeFile(at('state/db/CURRENT'), 'nonsense');
    const { code, err } = await run('run -c @p.yaml');
    expect(code).toBe(0);
    expect(JSON.parse(err.split('\n')[0] ?? '')).toMatchObject({ level: 'warn', restored: 'good' });
    expect(err).toContain('the state was damaged; a checkpoint has taken its place');
  });

  it('is refused under a changed configuration, every change of which it names', async () => {
    const { run } = await sceneWithState();
    const changed = fakeProcess({ PROCESSOR_WINDOWS__TUMBLING__SIZE_SECS: '20', PROCESSOR_EVENT__KEY: '' });
    expect(await run('run -c @p.yaml', changed)).toEqual({
      code: 3,
      out: '',
      err: `processor: the state of "llm" does not fit this configuration:
  windows.tumbling  was tumbling(size=10s); is now tumbling(size=20s)
  event.key         was model; is now none
Go back to the old configuration, or give the pipeline a new name and so a state of
its own, or drop the state and begin anew: processor state reset [STATE_MISMATCH]
`,
    });
    expect((await run('run -c @p.yaml', fakeProcess({ PROCESSOR_NAME: 'other', PROCESSOR_EVENT__KEY: '' }))).code).toBe(
      0,
    );
  });
});
