import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../config/config.ts';
import { main } from '../cli.ts';
import { fakeParts, fakeProcess, type FakeProcess } from '../fake-process.contract.ts';
import { INIT_SOURCES, type InitAnswers } from './answers.ts';
import { configText } from './config-text.ts';
import { fieldsOf } from './sample-fields.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'init-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function init(argv: readonly string[], io: FakeProcess = fakeProcess()) {
  const code = await main(['init', ...argv], io, fakeParts());
  return { code, out: io.stdout.text, err: io.stderr.text };
}

const configIn = (of: string) => loadConfig(join(of, 'processor.yaml')).then(({ config }) => config);

describe('init --yes', () => {
  it.each(INIT_SOURCES)('writes a configuration for the source %s that is right', async (source) => {
    const made = await init([folder, '--yes', '--source', source]);
    expect(made).toMatchObject({ code: 0, err: '' });
    const config = await configIn(folder);
    expect(config.source.type).toBe(source);
    expect(made.out).toContain(`Wrote ${join(folder, 'processor.yaml')}`);
    expect((await readdir(folder)).includes('events.ndjson')).toBe(source !== 'demo');
  });

  it('writes what runs as it is, and finds something in the sample', async () => {
    await init([folder, '--yes']);
    const path = join(folder, 'processor.yaml');
    const yaml = await readFile(path, 'utf8');
    const input = join(folder, 'events.ndjson');
    await writeFile(
      path,
      yaml.replace('[events.ndjson]', JSON.stringify([input])).replaceAll('./data', join(folder, 'data')),
    );
    const io = fakeProcess({
      PROCESSOR_HTTP__ENABLED: 'false',
      PROCESSOR_ERROR_HANDLING__DEAD_LETTER_PATH: join(folder, 'dead.ndjson'),
    });
    expect(await main(['--config', path], io, fakeParts())).toBe(0);
    expect(io.stdout.text).toContain('latency_ms');
    expect(io.stderr.text).toContain('"read":600');
  });

  it('takes the fields of the file that it is given', async () => {
    const rows = [
      'when,service,ms,id',
      '1700000000,a,12.5,1',
      '1700000001,b,13,2',
      '1700000002,a,9,3',
      '1700000003,b,9,4',
    ];
    await writeFile(join(folder, 'requests.csv'), rows.join('\n'));
    await init([folder, '--yes', '--input', join(folder, 'requests.csv')]);
    // "when" says nothing of time by its name; nothing is guessed of a number then.
    expect((await configIn(folder)).event).toMatchObject({ timestamp: 'timestamp', key: ['service'] });
    await writeFile(join(folder, 'requests.csv'), rows.join('\n').replace('when', 'ts'));
    await init([folder, '--yes', '--force', '--input', join(folder, 'requests.csv')]);
    expect((await configIn(folder)).event).toMatchObject({
      timestamp: 'ts',
      timestamp_unit: 's',
      key: ['service'],
      value: 'ms',
    });
  });

  it('reads a file where it is, which is not in the new folder', async () => {
    const input = join(folder, 'requests.csv');
    await writeFile(input, 'ts,service,ms\n2026-01-01T00:00:00Z,a,1\n2026-01-01T00:00:01Z,a,2\n');
    const made = join(folder, 'new');
    expect(await init([made, '--yes', '--input', relative('.', input)])).toMatchObject({ code: 0, err: '' });
    expect(await readdir(made)).toEqual(['processor.yaml']);
    const { source, event } = await configIn(made);
    expect(source.paths).toEqual(['../requests.csv']);
    expect(event).toMatchObject({ timestamp: 'ts', key: ['service'], value: 'ms' });
  });

  it.each<[string, string[], RegExp]>([
    ['an input that is not there', ['--input', '/nowhere/x.ndjson'], /no file \/nowhere\/x\.ndjson; check the path/],
    [
      'an input that its source does not read',
      ['--input', 'x', '--source', 'http'],
      /leave out --source http, or --input/,
    ],
  ])('refuses %s, and writes nothing', async (_, options, message) => {
    const { code, out, err } = await init([folder, '--yes', ...options]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(await readdir(folder)).toEqual([]);
  });

  it('says why nothing can be written', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const place of [join(folder, 'file', 'new'), '/proc/new']) {
      const { code, err } = await init([place, '--yes']);
      expect(code).toBe(2);
      expect(err).toMatch(/^processor: cannot write .*new\/processor\.yaml: .*; choose another folder/);
    }
  });

  it('replaces nothing without being told to', async () => {
    await init([folder, '--yes', '--source', 'demo']);
    const path = join(folder, 'processor.yaml');
    await writeFile(path, 'mine');
    const err = `processor: ${path} is there already; give another folder, or --force to replace it\n`;
    expect(await init([folder, '--yes', '--source', 'demo'])).toEqual({ code: 2, out: '', err });
    expect(await readFile(path, 'utf8')).toBe('mine');
    expect((await init([folder, '--yes', '--force', '--source', 'demo'])).code).toBe(0);
  });
});

/** A person at a terminal: answers each question when it is shown. */
function person(answers: readonly (readonly [question: string, keys: string])[]): FakeProcess {
  const io = fakeProcess();
  io.stdin.isTTY = true;
  io.stderr.isTTY = true;
  Object.assign(io.stdin, { setRawMode: () => io.stdin });
  let next = 0;
  let seen = 0;
  const write = io.stderr.write.bind(io.stderr);
  io.stderr.write = ((chunk: string, ...rest: []): boolean => {
    const done = write(chunk, ...rest);
    const [question = '', keys = ''] = answers[next] ?? [];
    if (next < answers.length && io.stderr.text.slice(seen).includes(question)) {
      next += 1;
      seen = io.stderr.text.length;
      setImmediate(() => keys.split('|').forEach((key) => void io.stdin.write(key)));
    }
    return done;
  }) as typeof io.stderr.write;
  return io;
}

const ENTER = '\r';
const DOWN = '\x1b[B';

describe('init at a terminal', () => {
  it('asks, and writes what was answered', async () => {
    const io = person([
      ['Where do the events come from?', `${DOWN}|${DOWN}|${ENTER}`],
      ['time of the event', ENTER],
      ['Group by', ENTER],
      ['Which numbers', ENTER],
      ['What kind of windows', `${DOWN}|${ENTER}`],
      ['How long', ENTER],
      ['state on disk', ENTER],
      ['results go', `${DOWN}|${ENTER}`],
    ]);
    expect((await init([folder], io)).code).toBe(0);
    expect(await configIn(folder)).toMatchObject({
      source: { type: 'http' },
      windows: { default_type: 'sliding', sliding: { size_secs: 60, slide_secs: 6 } },
      state: { backend: 'rocksdb' },
      sinks: [{ type: 'file' }],
    });
  });

  it('asks for no file where one is given, and offers its fields', async () => {
    const input = join(folder, 'calls.ndjson');
    await writeFile(
      input,
      '{"at":"2026-01-01T00:00:00Z","team":"a","ms":1}\n{"at":"2026-01-01T00:00:01Z","team":"a","ms":2}\n',
    );
    const io = person([
      ['time of the event', ENTER],
      ['Group by', ` |${ENTER}`],
      ['Which numbers', ` |${ENTER}`],
      ['What kind of windows', ENTER],
      ['How long', ENTER],
      ['state on disk', ENTER],
      ['results go', ENTER],
    ]);
    expect((await init([join(folder, 'new'), '--input', input], io)).code).toBe(0);
    const { source, event } = await configIn(join(folder, 'new'));
    expect(source).toMatchObject({ type: 'file', paths: [input] });
    expect(event).toMatchObject({ timestamp: 'at', key: ['team'], value: 'ms' });
  });

  it('writes nothing where somebody goes away', async () => {
    const io = person([['Where do the events come from?', '\x03']]);
    expect((await init([folder], io)).code).toBe(1);
    expect(io.stderr.text).toContain('Nothing was written.');
    expect(await readdir(folder)).toEqual([]);
  });

  it('needs a terminal, or to be told that none is needed', async () => {
    const err = 'processor: there is no terminal to ask on: add --yes, and --source demo, file, http or kafka\n';
    expect(await init([folder])).toEqual({ code: 2, out: '', err });
  });
});

describe('the configuration', () => {
  const field = fc
    .array(fc.stringMatching(/^[^.[\]\s]{1,8}$/u), { minLength: 1, maxLength: 3 })
    .map((steps) => steps.join('.'));
  const answers: fc.Arbitrary<InitAnswers> = fc.record({
    name: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
    source: fc.constantFrom(...INIT_SOURCES),
    path: fc.string({ minLength: 1, unit: 'grapheme' }).filter((path) => !path.includes('$') && path.trim() !== ''),
    servers: fc.constant('a:1,b:2'),
    topic: fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,20}$/),
    timestamp: field,
    timestampUnit: fc.constantFrom('s', 'ms', 'us', 'ns'),
    key: fc.uniqueArray(field, { maxLength: 3 }),
    values: fc.uniqueArray(field, { maxLength: 3 }),
    window: fc.constantFrom('tumbling', 'sliding', 'session'),
    length: fc.integer({ min: 1, max: 1e8 }).map((ms) => `${String(ms)}ms`),
    durable: fc.boolean(),
    results: fc.constantFrom('console', 'file', 'kafka'),
  });

  it('says what was answered, whatever that is', () => {
    fc.assert(
      fc.property(answers, (given) => {
        fc.pre(![given.name, given.timestamp, ...given.key, ...given.values].some((text) => text.includes('$')));
        const { config } = parseConfig(configText(given, 'processor.yaml'));
        expect(config.name).toBe(given.name);
        expect(config.event.timestamp).toBe(given.timestamp);
        expect(config.event.key).toEqual(given.key);
        const values = config.event.values === undefined ? [config.event.value] : [...config.event.values.values()];
        expect(values.filter((value) => value !== undefined)).toEqual(given.values);
        if (given.source === 'file') expect(config.source.paths).toEqual([given.path]);
      }),
    );
  });
});

describe('the fields of events', () => {
  it('are told apart', () => {
    const events = Array.from({ length: 10 }, (_, i) => ({
      at: `2026-01-01T00:00:0${String(i % 10)}Z`,
      created_at: 1_700_000_000_000 + i,
      model: i % 2 === 0 ? 'a' : 'b',
      request_id: `r-${String(i)}`,
      user_id: i,
      usage: { tokens: i, cost: i / 2 },
      tags: ['x'],
      note: null,
    }));
    expect(fieldsOf(events)).toEqual({
      times: [
        { path: 'at', unit: 'ms' },
        { path: 'created_at', unit: 'ms' },
      ],
      keys: ['model'],
      numbers: ['usage.tokens', 'usage.cost'],
    });
  });
});
