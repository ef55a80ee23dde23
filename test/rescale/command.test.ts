import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { main } from '../../src/cli/cli.ts';
import { fakeProcess } from '../../src/cli/fake-process.contract.ts';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import { CollectingSink, readingsPipeline, shown, type Reading } from '../../src/runtime/run-fixtures.contract.ts';
import { RocksDBStateBackend } from '../../src/state/rocksdb/rocksdb-state-backend.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { sharedSource } from './shared-source.ts';

const PARTITIONS = 6;
/** Of partition p: `ku` for many u, at two times. */
const EVENTS = Array.from({ length: PARTITIONS }, (_, p) =>
  [1, 2, 12, 13, 25].map((timestamp): Reading => ({ timestamp, key: `k${String(p)}`, value: p })),
);

interface Scene {
  readonly at: (name: string) => string;
  readonly run: (line: string) => Promise<{ code: number; out: string; err: string }>;
  /** Runs an instance on a folder, over so many events of each partition; gives its results. */
  readonly instance: (
    name: string,
    of: readonly [instance: number, instances: number],
    upTo: number,
  ) => Promise<string[]>;
  /** The state in a folder, whose checkpoints are beside it. */
  readonly state: (name: string) => RocksDBStateBackend;
}

async function scene(): Promise<Scene> {
  // In memory where there is such a place: what is synced there takes no time.
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'rescale-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  const state = (name: string): RocksDBStateBackend => new RocksDBStateBackend(at(name), at(`${name}-checkpoints`));
  return {
    at,
    state,
    async run(line) {
      const io = fakeProcess();
      const argv = line.split(' ').map((word) => word.replace(/^@/, `${folder}/`));
      const elsewhere = (): Promise<never> => Promise.reject(new Error('not here'));
      const code = await main(argv, io, { quickstart: elsewhere, kafkaExample: elsewhere, openEventWriter: elsewhere });
      const clean = (text: string): string => text.replaceAll(folder, '@');
      return { code, out: clean(io.stdout.text), err: clean(io.stderr.text) };
    },
    async instance(name, [instance, instances], upTo) {
      const sink = new CollectingSink();
      const { plan } = readingsPipeline([], 'llm').withTumblingWindow(10).build();
      const source = sharedSource({
        partitions: EVENTS,
        share: { instances, instance, partitionedByKey: true },
        upTo: EVENTS.map(() => upTo),
        blockRecords: 2,
        onExhausted: () => void pipeline.stop(),
      });
      const pipeline: Pipeline = new Pipeline(
        { ...plan, source, state: state(name), sinks: [sink] },
        { clock: new ManualClock() },
      );
      await pipeline.run();
      return sink.items.map(shown);
    },
  };
}

/** Two instances that were stopped after three events of each partition. */
async function sceneOfTwo(): Promise<Scene> {
  const made = await scene();
  for (const i of [0, 1]) await made.instance(`old/${String(i)}`, [i, 2], 3);
  return made;
}

const first = (p: number): string => `[0,10) key=k${String(p)} 2 on_time#0`;
const second = (p: number): string => `[10,20) key=k${String(p)} 2 on_time#0`;

describe('processor state rescale', () => {
  it('makes states that instances go on from, 2 to 3 to 1', async () => {
    const { run, instance } = await scene();
    const results: string[] = [];
    for (const i of [0, 1]) results.push(...(await instance(`old/${String(i)}`, [i, 2], 3)));
    const dealt = await run('state rescale --to 3 --from @old/1 @old/0 --into @new/0 @new/1 @new/2');
    expect({ ...dealt, out: dealt.out.replaceAll(/ +(?:\S+ kB|Size)/g, '  SIZE') }).toEqual({
      code: 0,
      err: '',
      out: `llm: the states of 2 instances are dealt out to 3

From  Epoch  Partitions  Watermark                 Folder
   0      2           3  1970-01-01T00:00:00.012Z  @/old/0
   1      2           3  1970-01-01T00:00:00.012Z  @/old/1

Into  Windows  SIZE  Partitions  Watermark                 Folder
   0        2  SIZE           2  1970-01-01T00:00:00.012Z  @/new/0
   1        2  SIZE           2  1970-01-01T00:00:00.012Z  @/new/1
   2        2  SIZE           2  1970-01-01T00:00:00.012Z  @/new/2

Start each instance with its number, instances: 3, and its folder as state.path.
Start nothing on the old folders again, which are as they were: it would go on beside these.
`,
    });
    for (const i of [0, 1, 2]) results.push(...(await instance(`new/${String(i)}`, [i, 3], 4)));
    expect((await run('state rescale --to 1 --from @new/0 @new/1 @new/2 --into @one')).code).toBe(0);
    results.push(...(await instance('one', [0, 1], 5)));
    expect(results.toSorted()).toEqual([0, 1, 2, 3, 4, 5].flatMap((p) => [first(p), second(p)]).toSorted());
  });

  it('takes checkpoints, exported or not, that were made of stopped instances', async () => {
    const { run, at, instance } = await sceneOfTwo();
    for (const i of [0, 1]) {
      const place = `--state-path @old/${String(i)} --checkpoint-path @old/${String(i)}-checkpoints`;
      expect((await run(`checkpoint create here ${place}`)).code).toBe(0);
    }
    const place = '--state-path @old/0 --checkpoint-path @old/0-checkpoints';
    expect((await run(`checkpoint export here @copy ${place}`)).code).toBe(0);
    const before = await readdir(at('copy'));
    expect(await run('state rescale --to 1 --from @copy @old/1-checkpoints/here --into @one')).toMatchObject({
      code: 0,
    });
    expect(await readdir(at('copy'))).toEqual(before);
    expect((await run(`checkpoint verify ${place}`)).out).toBe('here: sound\n');
    expect(await instance('one', [0, 1], 5)).toEqual([0, 1, 2, 3, 4, 5].map(second));
  });

  it('leaves the old states as they were, and nobody else begins on them meanwhile', async () => {
    const { run, instance, state } = await sceneOfTwo();
    const other = state('old/0');
    await other.open();
    const refused = await run('state rescale --to 1 --from @old/0 @old/1 --into @one');
    expect([refused.code, refused.out]).toEqual([3, '']);
    expect(refused.err).toContain(`process ${String(process.pid)} on `);
    await other.close();
    expect((await run('state rescale --to 1 --from @old/0 @old/1 --into @one')).code).toBe(0);
    expect(await instance('old/0', [0, 2], 5)).toEqual([0, 2, 4].map(second));
  });

  it('shows whose state a folder has', async () => {
    const { run } = await sceneOfTwo();
    expect((await run('state inspect --state-path @old/1')).out).toContain(
      '  instance     1 of 2, state by partition\n',
    );
  });

  it.each<[string, number, string]>([
    [
      '--to 2 --from @old/0 @old/1 --into @a',
      2,
      '--to 2 asks for as many folders after --into, one for each instance, found 1',
    ],
    ['--to none --from @old/0 --into @a', 2, '--to none: expected how many instances there are to be, such as 3'],
    ['--to 1 --from @old/0 @old/0 --into @a', 2, '@/old/0 is named twice; each state has a folder of its own'],
    ['--to 1 --from @old/0 @old/1 --into @old/1/a', 2, 'of @/old/1 and @/old/1/a one is inside the other'],
    ['--from @old/0 --into @a', 2, "required option '--to <number>' not specified"],
    [
      '--to 1 --from @old/0 @nowhere --into @a',
      3,
      'there is no state in @/nowhere, nor a checkpoint [RESCALE_REFUSED]',
    ],
    ['--to 1 --from @old/0 --into @a', 3, 'the state of instance 1 is missing: there were 2 instances'],
    ['--to 1 --from @old/0 @old/1 --into @old/1', 2, '@/old/1 is named twice'],
    [
      '--to 1 --from @old/0 @old/1 --into @full',
      3,
      '@/full is not empty: there is "a.txt". Name folders that are not there yet',
    ],
    [
      '--to 1 --from @old/0 @old/1 --into @full/a.txt',
      3,
      '@/full/a.txt is no folder. Name folders that are not there yet',
    ],
    ['--to 1 --from @old/0 @old/1 --into @a --name other', 3, 'holds no state of pipeline "other", but of "llm"'],
  ])('"%s" is refused with code %d, and leaves nothing', async (options, code, message) => {
    const { run, at } = await sceneOfTwo();
    await mkdir(at('full'));
    await writeFile(at('full/a.txt'), 'dear');
    const before = await readdir(at(''));
    const refused = await run(`state rescale ${options}`);
    expect([refused.code, refused.out]).toEqual([code, '']);
    expect(refused.err).toContain(message);
    expect(await readdir(at(''))).toEqual(before);
  });

  it('leaves nothing behind where one of the new places cannot be had', async () => {
    const { run, at } = await sceneOfTwo();
    await writeFile(at('file'), '');
    const refused = await run('state rescale --to 2 --from @old/0 @old/1 --into @a @file/b');
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining('@/file/b cannot be made: ')]);
    expect((await readdir(at(''))).toSorted()).toEqual(['file', 'old']);
  });

  it('refuses what is damaged', async () => {
    const { run, at } = await sceneOfTwo();
    const place = '--state-path @old/0 --checkpoint-path @old/0-checkpoints';
    await run(`checkpoint create here ${place}`);
    await run(`checkpoint export here @copy ${place}`);
    await truncate(at('copy/db/CURRENT'), 3);
    const damaged = await run('state rescale --to 1 --from @copy @old/1 --into @a');
    expect([damaged.code, damaged.err]).toEqual([3, expect.stringContaining('the checkpoint in @/copy is damaged')]);
    await writeFile(at('old/1/db/CURRENT'), 'nonsense');
    const state = await run('state rescale --to 1 --from @old/0 @old/1 --into @a');
    expect([state.code, state.err]).toEqual([3, expect.stringContaining('[STATE_CORRUPT]')]);
    expect(await readdir(at(''))).not.toContain('a');
  });

  it('begins anew over what a process has left that ended in its midst', async () => {
    const { run, at, instance } = await sceneOfTwo();
    await mkdir(at('.one.partial/db'), { recursive: true });
    await writeFile(at('.one.partial/db/CURRENT'), 'half a state');
    expect((await run('state rescale --to 1 --from @old/0 @old/1 --into @one')).code).toBe(0);
    expect((await readdir(at(''))).toSorted()).toEqual(['old', 'one']);
    expect(await instance('one', [0, 1], 5)).toEqual([0, 1, 2, 3, 4, 5].map(second));
  });

  it('refuses a run under another number, and says what to do', async () => {
    const { instance } = await sceneOfTwo();
    await expect(instance('old/0', [0, 3], 5)).rejects.toMatchObject({
      code: 'STATE_MISMATCH',
      message: `the state of "llm" does not fit this configuration:
  kafka.consumer.instances  was 2; is now 3
It holds what belongs to the partitions of one instance of the old number. Go back
to that number, or stop all instances and deal their states out to the new one:
processor state rescale`,
    });
    await expect(instance('old/0', [1, 2], 5)).rejects.toMatchObject({
      message: expect.stringContaining(
        'kafka.consumer.instance  was 0; is now 1\nIt is the state of another instance.',
      ),
    });
  });
});
