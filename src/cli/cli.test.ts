import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from './cli.ts';
import type { StopSignal } from './cli-io.ts';
import { fakeParts, fakeProcess as processWith, Output, type FakeProcess } from './fake-process.contract.ts';

const CANARY = 'canary-77d0';
const EVENTS = `{"timestamp":"2026-01-01T00:00:01Z","model":"a","latency_ms":10,"cost":1}
{"timestamp":"2026-01-01T00:00:02Z","model":"a","latency_ms":20,"cost":2}
{"timestamp":"2026-01-01T00:01:02Z","model":"b","latency_ms":30,"cost":3}
`;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'));
  await writeFile(join(folder, 'events.ndjson'), EVENTS);
});
afterAll(() => rm(folder, { recursive: true }));

function fakeProcess(environment: Record<string, string> = {}, stdout = new Output()): FakeProcess {
  const deadLetters = { PROCESSOR_ERROR_HANDLING__DEAD_LETTER_PATH: join(folder, 'dead.ndjson') };
  return processWith({ ...deadLetters, ...environment }, stdout);
}

const parts = fakeParts({
  quickstart: () => readFile(new URL('../../config/quickstart.yaml', import.meta.url), 'utf8'),
});

async function run(argv: readonly string[], io: FakeProcess = fakeProcess()) {
  const code = await main(argv, io, parts);
  return { code, out: io.stdout.text, err: io.stderr.text };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const input = () => join(folder, 'events.ndjson');

describe('arguments', () => {
  it.each<[string, string]>([
    ['rnu', "processor: unknown command 'rnu'; did you mean run?\n"],
    [
      'frobnicate',
      "processor: unknown command 'frobnicate'; there are run, validate, config, demo, produce, init, health, top, completion, checkpoint, state, help\n",
    ],
    [
      '',
      'processor: nothing to run: give --config FILE, or --input FILE with --window; "processor demo" needs neither, --help explains\n',
    ],
    [
      'run --windw 1m',
      "processor: unknown option '--windw'\n(Did you mean --window?)\n(processor --help explains the commands)\n",
    ],
    ['run -i e.ndjson', 'processor: say which windows: --window 1m, --window 10m --slide 1m, or --session-gap 5m\n'],
    ['run -i e.ndjson -w soon', 'processor: --window: "soon" is not a duration; write 30s, 5m, 1h30m or 500ms\n'],
    [
      'run -i e.ndjson --slide 1m',
      'processor: --slide needs --window, the length of each window: --window 10m --slide 1m\n',
    ],
    ['run -i - -i e.ndjson -w 1m', 'processor: --input: standard input (-) cannot be read together with files\n'],
    [
      'run -i e.ndjson -w 1m -a averge',
      'processor: --aggregate processor.aggregation.enabled[0]: expected one of count, sum, average, min, max, percentile, stddev, stddev_sample, found "averge"; did you mean average? [CONFIG_INVALID]\n',
    ],
    [
      'run -i e.ndjson -w 1m --format xml',
      "processor: option '--format <format>' argument 'xml' is invalid. Allowed choices are table, json.\n(processor --help explains the commands)\n",
    ],
    [
      'run -c /nowhere.yaml',
      'processor: the configuration file /nowhere.yaml does not exist; check the path, or let "processor init" write one [CONFIG_UNREADABLE]\n',
    ],
    [
      'validate',
      "processor: required option '-c, --config <file>' not specified\n(processor --help explains the commands)\n",
    ],
  ])('of "%s" are refused with code 2', async (line, message) => {
    expect(await run(line === '' ? [] : line.split(' '))).toEqual({ code: 2, out: '', err: message });
  });

  it.each([
    [['--help']],
    [['run', '--help']],
    [['help', 'validate']],
    [['config', '-h']],
    [['demo', '-h']],
    [['produce', '-h']],
  ])('%j explains, with examples, in 80 columns', async (argv) => {
    const { code, out, err } = await run(argv);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Examples:\n  $ ');
    expect(out.split('\n').filter((line) => line.length > 80 && !line.includes('  $ '))).toEqual([]);
  });

  it('tells its version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  });
});

describe('run', () => {
  it('gives results as JSON lines on standard output, everything else on standard error', async () => {
    const { code, out, err } = await run([
      'run',
      '-i',
      input(),
      '-w',
      '1m',
      '-k',
      'model',
      '-v',
      'latency_ms',
      '-a',
      'count,average',
    ]);
    const results = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { key: unknown; results: unknown });
    expect(code).toBe(0);
    expect(results.map(({ key, results: values }) => [key, values])).toEqual([
      [{ model: 'a' }, { count: 2, average: 15 }],
      [{ model: 'b' }, { count: 1, average: 30 }],
    ]);
    expect(err).toBe('');
  });

  it('says on standard error what it has left out, even where it is quiet', async () => {
    const broken = join(folder, 'broken.ndjson');
    await writeFile(broken, '{"timestamp":1000}\nnonsense\n');
    const { code, err } = await run(['run', '-i', broken, '-w', '1m']);
    expect(code).toBe(0);
    expect(JSON.parse(err)).toMatchObject({ level: 'warn', counters: { rejected: 1 } });
    expect(err).toContain('1 could not be used, see ');
  });

  it('reads standard input, several values, into sliding windows', async () => {
    const io = fakeProcess();
    io.stdin.end(EVENTS);
    const { code, out } = await run('run -i - -w 1m --slide 30s -v latency_ms -v cost -a sum'.split(' '), io);
    expect(code).toBe(0);
    expect(out).toContain('"results":{"latency_ms":{"sum":30},"cost":{"sum":3}}');
  });

  it('appends to a file where it is told to, and leaves standard output alone', async () => {
    const output = join(folder, 'out.ndjson');
    const { code, out } = await run(['run', '-i', input(), '-w', '1m', '-o', output]);
    expect([code, out]).toEqual([0, '']);
    expect((await readFile(output, 'utf8')).trimEnd().split('\n')).toHaveLength(2);
  });

  it('shows a table, a banner and a summary on a terminal', async () => {
    const io = fakeProcess({ NO_COLOR: '1' });
    io.stdout.isTTY = true;
    io.stderr.isTTY = true;
    const { code, out, err } = await run(['run', '-i', input(), '-w', '1m', '-k', 'model', '-v', 'latency_ms'], io);
    expect(code).toBe(0);
    expect(out).toContain('tumbling');
    expect(err).toContain('windows    tumbling(size=1m) by model\n');
    expect(err).toMatch(/Done: 3 events in \d+\.\d s/);
  });

  it('lets options win over the file', async () => {
    const path = await file(
      'both.yaml',
      `processor:
  event: { values: { a: latency_ms, b: cost } }
  windows: { tumbling: { size_secs: 3600 } }
  http: { enabled: false }
`,
    );
    const { out } = await run([
      'run',
      '-c',
      path,
      '-i',
      input(),
      '-w',
      '1m',
      '-v',
      'cost',
      '-a',
      'max',
      '--format',
      'json',
    ]);
    expect(out).toContain('"results":{"max":2}');
  });

  it.each<[string, readonly string[], number, string]>([
    ['a file that is not there', ['-i', 'nowhere.ndjson'], 2, '[SOURCE_NOT_FOUND]'],
    ['an output that is no file', ['-i', '-', '-o', tmpdir()], 1, '[SINK_FAILED]'],
  ])('ends with one line about %s', async (_, argv, code, text) => {
    const result = await run(['run', '-w', '1m', '--log-level', 'silent', ...argv]);
    expect(result.code).toBe(code);
    expect(result.err).toContain(text);
    expect(result.err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('shows the stack only where it was asked for', async () => {
    expect((await run(['run', '-w', '1m', '-i', 'nowhere.ndjson'])).err).not.toContain('    at ');
    expect((await run(['run', '-w', '1m', '-i', 'nowhere.ndjson', '--debug'])).err).toContain('    at ');
    const levels = ['run', '-w', '1m', '-i', 'nowhere.ndjson', '--log-level', 'debug'];
    expect((await run(levels)).err).toContain('    at ');
  });

  it('says that more than one thread makes no difference, where that was asked for', async () => {
    const io = fakeProcess({ PROCESSOR_PARALLELISM: '4' });
    expect((await run(['run', '-i', input(), '-w', '1m'], io)).err).toContain('on one thread');
    expect((await run(['run', '-i', input(), '-w', '1m'])).err).not.toContain('one thread');
  });

  it('ends quietly when the reader of its output has gone', async () => {
    const stdout = new Output((done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })));
    const { code, err } = await run(
      ['run', '-i', input(), '-w', '1m', '--log-level', 'silent'],
      fakeProcess({}, stdout),
    );
    expect([code, err]).toEqual([0, '']);
  });
});

describe('the HTTP server', () => {
  it('says where the metrics are, and takes another port for the demonstration where its own is in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const environment = {
      PROCESSOR_HTTP__PORT: String(port),
      NO_COLOR: '1',
      PROCESSOR_SOURCE__TOTAL: '10',
      PROCESSOR_SOURCE__EVENTS_PER_SEC: '0',
    };
    try {
      const io = fakeProcess(environment);
      io.stderr.isTTY = true;
      const { code, err } = await run(['demo'], io);
      expect([code, err]).toEqual([0, expect.stringMatching(/metrics    http:\/\/127\.0\.0\.1:\d+\/metrics\n/)]);
      expect(err).not.toContain(`:${String(port)}/`);
      const path = await file('port.yaml', 'processor: { http: { enabled: true } }\n');
      const refused = await run(['run', '-c', path], fakeProcess(environment));
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toContain(String(port));
    } finally {
      blocker.close();
    }
  });
});

describe('a source of type http', () => {
  it('takes events posted to the server, with the token only, until a signal', async () => {
    const path = await file(
      'http.yaml',
      `processor:
  source: { type: http, token: ${CANARY} }
  windows: { tumbling: { size_secs: 60 } }
  http: { port: 0 }
  sinks: [{ type: console, format: json }]
`,
    );
    const io = fakeProcess();
    const running = run(['run', '-c', path], io);
    let url: string | undefined;
    while (url === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      url = /"url":"([^"]+)"/.exec(io.stderr.text)?.[1];
    }
    const post = (token: string) =>
      fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
        body: EVENTS,
      });
    expect((await post('wrong')).status).toBe(401);
    let status = 503;
    while (status === 503) ({ status } = await post(CANARY));
    expect(status).toBe(202);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('events_processed_total');
    io.send('SIGTERM');
    const { code, err } = await running;
    expect(code).toBe(0);
    expect(err).toContain('"read":3');
    expect(err).not.toContain(CANARY);
  });
});

describe('signals', () => {
  async function untilListening(io: FakeProcess): Promise<void> {
    while (!io.listening()) await new Promise((resolve) => setImmediate(resolve));
  }

  it.each<StopSignal>(['SIGINT', 'SIGTERM'])('finish what is under way at the first %s', async (signal) => {
    const io = fakeProcess();
    const running = run(['run', '-i', '-', '-w', '1m'], io);
    await untilListening(io);
    io.send(signal);
    const { code, err } = await running;
    expect(code).toBe(0);
    expect(err).toContain('Stopping: finishing what is under way');
    expect(io.listening()).toBe(false);
  });

  it.each<[StopSignal, StopSignal, number]>([
    ['SIGINT', 'SIGTERM', 130],
    ['SIGTERM', 'SIGINT', 143],
  ])('end at once at a second one, here %s', async (signal, first, code) => {
    let stick = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      stick = resolve;
    });
    const stdout = new Output(() => stick());
    const io = fakeProcess({}, stdout);
    io.stdin.end(EVENTS);
    const running = run(['run', '-i', '-', '-w', '1m'], io);
    await stuck;
    io.send(first);
    io.send(signal);
    expect((await running).code).toBe(code);
  });
});

describe('validate', () => {
  it('says so when all is well', async () => {
    const path = await file('good.yaml', 'processor: { name: good }\n');
    expect(await run(['validate', '--config', path])).toEqual({ code: 0, out: `${path}: OK\n`, err: '' });
  });

  it('lists everything that is wrong, with line and column', async () => {
    const path = await file('bad.yaml', 'processor:\n  nam: x\n  http: { port: -1 }\n');
    expect(await run(['validate', '-c', path])).toEqual({
      code: 2,
      out: '',
      err: `${path}:2:3 processor.nam: unknown key; did you mean name?
${path}:3:17 processor.http.port: expected a whole number from 0 to 65535, found -1
processor: 2 errors [CONFIG_INVALID]
`,
    });
  });

  it.each(['quickstart', 'production', 'kafka'])('finds nothing wrong with config/%s.yaml', async (name) => {
    const path = new URL(`../../config/${name}.yaml`, import.meta.url).pathname;
    expect((await run(['validate', '-c', path])).code).toBe(0);
  });
});

describe('config', () => {
  it('shows every value with its origin, as YAML that says the same again', async () => {
    const path = await file('some.yaml', 'processor:\n  name: some\n  event: { key: [model] }\n');
    const { code, out } = await run(['config', '-c', path], fakeProcess({ PROCESSOR_HTTP__PORT: '9000' }));
    expect(code).toBe(0);
    expect(out).toContain(`  name: some # ${path}:2:9\n`);
    expect(out).toContain(`    key: [model] # ${path}:3:17\n`);
    expect(out).toContain('    port: 9000 # PROCESSOR_HTTP__PORT\n');
    expect(out).toContain('    host: 127.0.0.1 # default\n');
    const again = await file('again.yaml', out);
    expect(await run(['validate', '-c', again])).toMatchObject({ code: 0 });
  });

  it('shows the same as JSON', async () => {
    const { out } = await run(['config', '--json']);
    expect(JSON.parse(out)).toContainEqual({ key: 'processor.http.port', value: 8080, origin: 'default' });
  });

  it('prints a JSON Schema', async () => {
    const { out } = await run(['config', '--schema']);
    expect(JSON.parse(out)).toMatchObject({ type: 'object', properties: { processor: { type: 'object' } } });
  });
});

describe('secrets', () => {
  const secretConfig = (type: string) => `processor:
  name: "\${NAME}"
  source: { type: ${type}, token: ${CANARY} }
  windows: { tumbling: { size_secs: 1 } }
  http: { enabled: ${String(type === 'http')}, port: 0 }
  kafka: { consumer: { bootstrap_servers: "a:1", topics: [t], security: { protocol: SASL_SSL, sasl: { username: u, password: ${CANARY} } } } }
`;

  it.each([
    ['config', 'stdin'],
    ['config --json', 'stdin'],
    ['validate', 'stdin'],
    ['validate', 'nonsense'],
    ['run --debug', 'stdin'],
    ['run --debug', 'kafka'],
    ['run --debug', 'nonsense'],
  ])('are in nothing that "%s" prints (source %s)', async (command, type) => {
    const path = await file('secret.yaml', secretConfig(type));
    const io = fakeProcess({ NAME: CANARY.slice(0, 6), PROCESSOR_SOURCE__TOKEN: CANARY });
    io.stdin.end('');
    const { out, err } = await run([...command.split(' '), '-c', path], io);
    expect(out + err).not.toBe('');
    expect(out + err).not.toContain(CANARY);
  });
});
