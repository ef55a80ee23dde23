import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcessorError } from '../../errors/processor-error.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { main } from '../cli.ts';
import { fakeParts, fakeProcess, type FakeProcess } from '../fake-process.contract.ts';
import type { EventWriterOptions, OutgoingRecord } from './event-writer.ts';

const NOON = Date.UTC(2025, 5, 1, 12);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'produce-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** A Kafka that remembers what was written to it. */
class FakeKafka {
  readonly records: OutgoingRecord[] = [];
  readonly opened: EventWriterOptions[] = [];
  closed = 0;
  /** Called before each write. */
  onWrite: (written: number) => void = () => undefined;

  readonly open = (options: EventWriterOptions) => {
    this.opened.push(options);
    return Promise.resolve({
      write: (records: readonly OutgoingRecord[]) => {
        try {
          this.onWrite(this.records.length);
        } catch (error) {
          return Promise.reject(error instanceof Error ? error : new Error(String(error)));
        }
        this.records.push(...records);
        return Promise.resolve();
      },
      close: () => {
        this.closed += 1;
        return Promise.resolve();
      },
    });
  };

  /** Keys and values as text, by topic. */
  written(topic: string): readonly (readonly [key: string | null, value: string])[] {
    return this.records
      .filter((record) => record.topic === topic)
      .map(({ key, value }) => [key, Buffer.from(value).toString()]);
  }
}

async function produce(argv: readonly string[], kafka = new FakeKafka(), io: FakeProcess = fakeProcess()) {
  const parts = fakeParts({
    kafkaExample: () => readFile(new URL('../../../config/kafka.yaml', import.meta.url), 'utf8'),
    openEventWriter: kafka.open,
  });
  const code = await main(['produce', ...argv], io, parts);
  return { code, out: io.stdout.text, err: io.stderr.text, kafka };
}

/** A process at noon, whose clock stands still. */
function atNoon(clock = new ManualClock(NOON)): FakeProcess {
  return { ...fakeProcess(), clock };
}

const WHERE = ['-b', 'localhost:9092', '-t', 'events'];

describe('arguments', () => {
  it.each<[string, string]>([
    ['', 'say what to send: --demo, or --input FILE; "-" is standard input'],
    ['-i a.ndjson', 'say where to: --config FILE, or --bootstrap-servers localhost:9092 --topic NAME'],
    ['--demo -i a.ndjson', '--input: not together with --demo'],
    ['-i a.ndjson --seed 7', '--seed: only for events that are made up, with --demo'],
    ['-i - -i a.ndjson', '--input: standard input (-) cannot be read together with files'],
    ['--demo --rate 5 --span 1h', '--span: not together with --rate; events that are sent at a rate are of now'],
    ['--demo --span soon', '--span: "soon" is not a duration; write 30s, 5m, 1h30m or 500ms'],
    ['--demo --span 0s', '--span: "0s" is not a duration; write 30s, 5m, 1h30m or 500ms'],
    ['--demo --keys many', '--keys: "many" is not a number from 1 to 1000000'],
    ['--demo --rate 0 -b a:1 -t t', '--rate: "0" is not a number from 0.001 to 10000000'],
    ['--demo --count 1.5 -b a:1 -t t', '--count: 1.5 is not a whole number'],
    [
      '--demo -b a:1 -t t -k a..b',
      '--key: "a..b" is not a field path; use "a.b[0].c", or ["a", "b.c"] where a name has a dot',
    ],
    ['-i a.ndjson -b a:1 -t t,s', '--input: there are several topics (t, s); say which: --topic t'],
  ])('"%s" are refused', async (line, message) => {
    const { code, err, kafka } = await produce(line === '' ? [] : line.split(' '));
    expect([code, err, kafka.opened]).toEqual([2, `processor: ${message}\n`, []]);
  });

  it('are checked as the configuration is', async () => {
    const { code, err } = await produce(['--demo', '-b', 'localhost', '-t', 't']);
    const message =
      '--bootstrap-servers processor.kafka.consumer.bootstrap_servers: expected host:port, several joined by commas, found "localhost"';
    expect([code, err]).toEqual([2, `processor: ${message} [CONFIG_INVALID]\n`]);
  });
});

describe('events of a file', () => {
  it('are sent as they stand, with the key that was asked for', async () => {
    const path = await file(
      'events.ndjson',
      '{"a":1,"m":"x","r":{"n":true}}\n{ "m": "x:y" }\n[1]\nnonsense\n{"m":{}}\n',
    );
    const { code, out, kafka } = await produce(['-i', path, '-k', 'm,r.n', ...WHERE], new FakeKafka(), atNoon());
    expect(code).toBe(0);
    expect(kafka.written('events')).toEqual([
      ['m=x::r.n=true', '{"a":1,"m":"x","r":{"n":true}}'],
      ['m=x%3Ay::r.n=%00', '{ "m": "x:y" }'],
      [null, '[1]'],
      [null, 'nonsense'],
      [null, '{"m":{}}'],
    ]);
    expect(out).toBe('Sent 5 events to events in 0.0 s\n3 have no key, for none can be read in them\n');
    expect(kafka.closed).toBe(1);
  });

  it('have the key of the configuration, and go where it reads from', async () => {
    const config = await file(
      'one.yaml',
      'processor: { event: { key: [m] }, kafka: { consumer: { bootstrap_servers: "a:1", topics: [t], security: { protocol: SSL } } } }',
    );
    const path = await file('array.json', '[{"m":"x"},\n {"m":2}]');
    const { kafka } = await produce(['-i', path, '-c', config, '--compression', 'zstd']);
    expect(kafka.opened).toMatchObject([
      { connection: { bootstrapServers: 'a:1', security: { protocol: 'SSL' } }, topics: ['t'], compression: 'zstd' },
    ]);
    expect(kafka.written('t')).toEqual([
      ['m=x', '{"m":"x"}'],
      ['m=2', '{"m":2}'],
    ]);
  });

  it('may come by standard input, and be cut short', async () => {
    const io = fakeProcess();
    io.stdin.end('{"n":1}\n{"n":2}\n{"n":3}\n');
    const { kafka } = await produce(['-i', '-', '-n', '2', ...WHERE], new FakeKafka(), io);
    expect(kafka.written('events')).toEqual([
      [null, '{"n":1}'],
      [null, '{"n":2}'],
    ]);
  });

  it('are left out where no processor would take them', async () => {
    const path = await file('long.ndjson', `{"n":1}\n${'x'.repeat(1_048_577)}\n{"n":2}\n`);
    const { out, kafka } = await produce(['-i', path, ...WHERE], new FakeKafka(), atNoon());
    expect(kafka.records).toHaveLength(2);
    expect(out).toContain('\n1 were left out: longer than 1 MiB, or cut off\n');
  });

  it.each([
    ['rows.csv', 'a,b\n1,2\n', /rows\.csv: only JSON can be sent as it stands/],
    ['nothing.ndjson', undefined, /nothing\.ndjson/],
  ])('%s cannot be sent', async (name, text, message) => {
    const path = text === undefined ? join(folder, name) : await file(name, text);
    const { code, err, kafka } = await produce(['-i', path, ...WHERE]);
    expect(code).not.toBe(0);
    expect(err).toMatch(message);
    expect(kafka.records).toEqual([]);
  });
});

describe('made-up events', () => {
  it('go where the example reads them, unless something else is said', async () => {
    const { kafka } = await produce(
      ['--demo', '-n', '10'],
      new FakeKafka(),
      fakeProcess({ KAFKA_BOOTSTRAP_SERVERS: 'k:1' }),
    );
    expect(kafka.opened).toMatchObject([
      { connection: { bootstrapServers: 'k:1' }, topics: ['feedback-events', 'performance-metrics'] },
    ]);
    expect(kafka.written('performance-metrics')).toHaveLength(5);
  });

  it('are spread over the hour that has gone by, and over the topics', async () => {
    const { out, kafka } = await produce(['--demo', '-n', '5000', '-b', 'a:1', '-t', 't,s'], new FakeKafka(), atNoon());
    expect(out).toMatch(/^Sent 5,000 events to t, s in 0\.0 s\n/);
    expect([kafka.written('t').length, kafka.written('s').length]).toEqual([2500, 2500]);
    const times = kafka.records.flatMap(({ value }) => {
      const match = /"timestamp":"(20[^"]+)"/.exec(Buffer.from(value).toString());
      return match === null ? [] : [Date.parse(match[1] ?? '')];
    });
    expect(Math.max(...times)).toBeLessThanOrEqual(NOON);
    expect(Math.max(...times)).toBeGreaterThan(NOON - 10_000);
    expect(Math.min(...times)).toBeLessThan(NOON - 3_500_000);
  });

  it('are the same for the same seed, with the key by model and region', async () => {
    const of = async (seed: string) =>
      (await produce(['--demo', '--seed', seed, '-n', '50', ...WHERE], new FakeKafka(), atNoon())).kafka.written(
        'events',
      );
    const events = await of('7');
    expect(await of('7')).toEqual(events);
    expect(await of('8')).not.toEqual(events);
    expect(events[0]?.[0]).toMatch(/^model=[^:]+::region=[^:]+$/);
  });

  it('come at the pace that was asked for, of now, until somebody stops it', async () => {
    const clock = new ManualClock(NOON);
    const io = atNoon(clock);
    const kafka = new FakeKafka();
    const running = produce(['--demo', '--rate', '100', ...WHERE], kafka, io);
    while (kafka.records.length < 300) {
      await new Promise((resolve) => setImmediate(resolve));
      if (clock.sleeping > 0) clock.advance(20);
    }
    expect(clock.now() - NOON).toBeGreaterThan(2000);
    expect(clock.now() - NOON).toBeLessThan(4000);
    io.send('SIGINT');
    const { code, out } = await running;
    expect(code).toBe(0);
    expect(out).toMatch(/^Stopped: sent 3\d\d events to events in /);
    expect(io.listening()).toBe(false);
  });
});

describe('a failure', () => {
  it('says how much had been sent before', async () => {
    const kafka = new FakeKafka();
    kafka.onWrite = (written) => {
      if (written >= 4000) throw new ProcessorError('sink', 'SINK_FAILED', 'the broker has gone');
    };
    const { code, out, err } = await produce(['--demo', '-n', '9000', ...WHERE], kafka);
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe('4,000 events had been sent before this:\nprocessor: the broker has gone [SINK_FAILED]\n');
    expect(kafka.closed).toBe(1);
  });
});

describe('on a terminal', () => {
  it('shows how far it is, and takes that away in the end', async () => {
    const clock = new ManualClock(NOON);
    const io = atNoon(clock);
    io.stderr.isTTY = true;
    const running = produce(['--demo', '--rate', '1000', '-n', '2000', ...WHERE], new FakeKafka(), io);
    const codes: number[] = [];
    void running.then((result) => codes.push(result.code));
    while (codes.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (clock.sleeping > 0) clock.advance(20);
    }
    expect(io.stderr.text).toMatch(/[\d,]+ of 2,000 events {2}\d+ % {2}[\d.]+ (?:k )?events\/s/);
    expect(io.stderr.text.endsWith('\r\u001b[2K')).toBe(true);
    expect(io.stdout.text).toMatch(/^Sent 2,000 events to events in [12]\.\d s \([\d.]+ (?:k )?events\/s\)\n/);
  });
});
