import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { defaultConfig, loadConfig, parseConfig, type ConfigOptions } from './config.ts';

const CANARY = 'canary-4f1d';

function parse(yaml: string, options: ConfigOptions = {}) {
  return parseConfig(yaml, { file: 'p.yaml', cores: 4, ...options });
}

function failureOf(run: () => unknown): ProcessorError {
  try {
    run();
  } catch (error) {
    if (ProcessorError.is(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

function messageOf(yaml: string, options: ConfigOptions = {}): string {
  return failureOf(() => parse(yaml, options)).message;
}

/** `processor:` with the given lines below it, from line 2, indented by two. */
function processor(...lines: readonly string[]): string {
  return ['processor:', ...lines.map((line) => `  ${line}`)].join('\n');
}

describe('what is right', () => {
  it('takes the minimal configuration of the quick reference, and reads from Kafka', () => {
    const { config } = parse(
      processor(
        'parallelism: 4',
        'windows:',
        '  default_type: "tumbling"',
        '  tumbling:',
        '    size_secs: 300',
        'kafka:',
        '  consumer:',
        '    bootstrap_servers: "localhost:9092"',
        '    topics: ["feedback-events"]',
      ),
    );
    expect(config.source.type).toBe('kafka');
    expect(config.kafka.consumer).toMatchObject({ group_id: 'processor', max_poll_records: 500 });
    expect(config.sinks).toEqual([{ type: 'console', format: 'table' }]);
  });

  it('fills in every default where the file says nothing', () => {
    const { config } = parse('processor:');
    expect(config).toMatchObject({
      name: 'processor',
      parallelism: 4,
      buffer_size: 10_000,
      commit_interval_ms: 100,
      source: { type: 'demo', format: 'ndjson', events_per_sec: 1000, seed: 42, total: 'unlimited' },
      windows: { default_type: 'tumbling', tumbling: { size_secs: 300, offset_secs: 0, allowed_lateness_secs: 60 } },
      watermark: { max_out_of_orderness_secs: 30, emit_interval_secs: 0, idle_timeout_secs: 60 },
      aggregation: { percentiles: [50, 95, 99], percentile_method: 'auto', relative_accuracy: 0.01 },
      error_handling: { policy: 'retry', max_retries: 3 },
      http: { enabled: true, host: '127.0.0.1', port: 8080 },
    });
    expect(defaultConfig({ cores: 4 }).config).toEqual(config);
  });

  it('takes a section that is there but empty as one that is not there', () => {
    expect(parse(processor('event:', 'http:')).config.http.port).toBe(8080);
  });

  it('keeps windows as they are where only the late rule is set', () => {
    const { windows } = parse(processor('windows: { late_rule: window }')).config;
    expect(windows).toMatchObject({ late_rule: 'window', tumbling: { size_secs: 300 } });
  });

  it('sends results to Kafka where a producer is given and no sink', () => {
    const { config } = parse(processor('kafka: { producer: { bootstrap_servers: "a:1,b:2", result_topic: t } }'));
    expect(config.sinks).toEqual([{ type: 'kafka' }]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('takes %s as the name of a metric', (name) => {
    const { config } = parse(processor(`event: { values: { ${name}: a.b, cost: cost }, key: [${name}] }`));
    expect([...(config.event.values ?? [])]).toEqual([
      [name, 'a.b'],
      ['cost', 'cost'],
    ]);
    expect(config.event.key).toEqual([name]);
  });

  it('follows aliases', () => {
    const yaml = processor('windows:', '  tumbling: { size_secs: &five 300 }', '  session: { gap_secs: *five }');
    expect(parse(yaml).config.windows.session?.gap_secs).toBe(300);
  });

  it.each([0.001, 0.25, 1.001, 86_400.5])('takes %d seconds, a whole number of milliseconds', (secs) => {
    expect(
      parse(processor(`windows: { tumbling: { size_secs: ${String(secs)} } }`)).config.windows.tumbling?.size_secs,
    ).toBe(secs);
  });
});

const KEYS_OF_PROCESSOR =
  'name, parallelism, buffer_size, commit_interval_ms, checkpoint_interval_secs, checkpoints_retained, source, event, state, windows, watermark, aggregation, error_handling, late_events, sinks, kafka, metrics, http, logging';

describe('wrong values and keys', () => {
  it.each<[string, string]>([
    ['paralelism: 4', 'p.yaml:2:3 processor.paralelism: unknown key; did you mean parallelism?'],
    ['banana: 4', `p.yaml:2:3 processor.banana: unknown key; allowed here: ${KEYS_OF_PROCESSOR}`],
    ['__proto__: 4', `p.yaml:2:3 processor.__proto__: unknown key; allowed here: ${KEYS_OF_PROCESSOR}`],
    [
      'size_secs: 4',
      'p.yaml:2:3 processor.size_secs: unknown key here; there is processor.windows.tumbling.size_secs and processor.windows.sliding.size_secs',
    ],
    [
      'windows: { tumbling: { sizeSecs: 5 } }',
      'p.yaml:2:14 processor.windows.tumbling.size_secs: missing; expected a number of seconds > 0, such as 300\np.yaml:2:26 processor.windows.tumbling.sizeSecs: unknown key; did you mean size_secs? allowed here: size_secs, offset_secs, allowed_lateness_secs',
    ],
    [
      'windows: { tumbling: { size_secs: 5m } }',
      'p.yaml:2:37 processor.windows.tumbling.size_secs: expected a number of seconds > 0, found "5m"; that is 300',
    ],
    [
      'windows: { tumbling: { size_secs: 0 } }',
      'p.yaml:2:37 processor.windows.tumbling.size_secs: expected a number of seconds > 0, found 0',
    ],
    [
      'windows: { tumbling: { size_secs: 0.0005 } }',
      'p.yaml:2:37 processor.windows.tumbling.size_secs: expected a whole number of milliseconds, so at most 3 decimals, found 0.0005',
    ],
    [
      'windows: { tumbling: { size_secs: .inf } }',
      'p.yaml:2:37 processor.windows.tumbling.size_secs: expected a number of seconds > 0, found Infinity',
    ],
    [
      'windows: { tumbling: { size_secs: .nan } }',
      'p.yaml:2:37 processor.windows.tumbling.size_secs: expected a number of seconds > 0, found NaN',
    ],
    [
      'windows: { tumbling: { size_secs: } }',
      'p.yaml:2:37 processor.windows.tumbling.size_secs: expected a number of seconds > 0, found nothing',
    ],
    [
      'windows: { default_type: slidng, sliding: { size_secs: 5, slide_secs: 1 } }',
      'p.yaml:2:28 processor.windows.default_type: expected one of tumbling, sliding, session, or a list of them, found "slidng"',
    ],
    [
      'state: { backend: rocks-db }',
      'p.yaml:2:21 processor.state.backend: expected one of memory, rocksdb, found "rocks-db"; did you mean rocksdb?',
    ],
    ['http: { port: 70000 }', 'p.yaml:2:17 processor.http.port: expected a whole number from 0 to 65535, found 70000'],
    ['http: { port: 80.5 }', 'p.yaml:2:17 processor.http.port: expected a whole number from 0 to 65535, found 80.5'],
    ['http: { enabled: yes }', 'p.yaml:2:20 processor.http.enabled: expected true or false, found "yes"'],
    [
      'name: 12',
      'p.yaml:2:9 processor.name: expected 1 to 100 letters, digits, dots, hyphens and underscores, found 12; put it in quotes to make it text',
    ],
    [
      'event: { key: model }',
      'p.yaml:2:17 processor.event.key: expected a list of field paths, such as [model, region], found "model"; a list of one is [model]',
    ],
    [
      'event: { timestamp: a..b }',
      'p.yaml:2:23 processor.event.timestamp: expected a field path such as usage.cost or items[0].price, or ["usage", "a.b"] where a name has a dot, found "a..b"',
    ],
    [
      'event: { values: { __proto__: 5 } }',
      'p.yaml:2:33 processor.event.values.__proto__: expected a field path such as usage.cost or items[0].price, or ["usage", "a.b"] where a name has a dot, found 5; put it in quotes to make it text',
    ],
    [
      'aggregation: { enabled: [averge] }',
      'p.yaml:2:28 processor.aggregation.enabled[0]: expected one of count, sum, average, min, max, percentile, stddev, stddev_sample, found "averge"; did you mean average?',
    ],
    [
      'aggregation: { percentiles: [0] }',
      'p.yaml:2:32 processor.aggregation.percentiles[0]: expected a number > 0 and ≤ 100, found 0',
    ],
    [
      'aggregation: { percentiles: [] }',
      'p.yaml:2:31 processor.aggregation.percentiles: expected a list of numbers > 0 and ≤ 100, such as [50, 95, 99.9], found []',
    ],
    [
      'sinks: [{ type: consle }]',
      'p.yaml:2:19 processor.sinks[0].type: expected one of console, file, kafka, postgres, websocket, http, metrics, found "consle"; did you mean console?',
    ],
    [
      'sinks: [{ format: json }]',
      'p.yaml:2:11 processor.sinks[0].type: missing; expected one of console, file, kafka, postgres, websocket, http, metrics',
    ],
    [
      'sinks: [console]',
      'p.yaml:2:11 processor.sinks[0]: expected a sink such as { type: console } or { type: file, path: out/results.ndjson }, found "console"',
    ],
    [
      'sinks: [{ type: file, path: a, format: json }]',
      'p.yaml:2:34 processor.sinks[0].format: unknown key; allowed here: type, path',
    ],
    [
      'kafka: { consumer: { bootstrap_servers: "a:1", topics: ["a b"] } }',
      'p.yaml:2:59 processor.kafka.consumer.topics[0]: expected 1 to 249 letters, digits, dots, hyphens and underscores, found "a b"',
    ],
    [
      'kafka: { producer: { bootstrap_servers: "a:1", result_topic: t, acks: 2 } }',
      'p.yaml:2:73 processor.kafka.producer.acks: expected one of all, -1, 0, 1, found 2',
    ],
    [
      'kafka: { consumer: { topics: [t] } }',
      'p.yaml:2:12 processor.kafka.consumer.bootstrap_servers: missing; expected host:port, several joined by commas, such as "localhost:9092"',
    ],
    [
      'kafka: { producer: { bootstrap_servers: localhost, result_topic: t } }',
      'p.yaml:2:43 processor.kafka.producer.bootstrap_servers: expected host:port, several joined by commas, found "localhost"',
    ],
    [
      '<<: { name: a }',
      `p.yaml:2:3 processor["<<"]: merge keys (<<) are not part of YAML 1.2; write the keys out; allowed here: ${KEYS_OF_PROCESSOR}`,
    ],
    [
      'windows: 5',
      'p.yaml:2:12 processor.windows: expected a section with the keys default_type, late_rule, tumbling, sliding, session, found 5',
    ],
  ])('refuses %s', (line, message) => {
    expect(messageOf(processor(line))).toBe(message);
  });
});

describe('keys that do not go together', () => {
  it.each<[string, string]>([
    [
      'event: { value: a, values: { a: a } }',
      'p.yaml:2:30 processor.event.values: not together with event.value; name one metric there, or all of them here',
    ],
    [
      'event: { values: {} }',
      'p.yaml:2:20 processor.event.values: expected at least one name with its field path, found none',
    ],
    ['event: { values: { "": a } }', 'p.yaml:2:26 processor.event.values[""]: a metric needs a name that is not empty'],
    ['event: { key: [a.b, [a, b]] }', 'p.yaml:2:23 processor.event.key[1]: the key field "a.b" is there twice'],
    [
      'windows: { default_type: sliding }',
      'p.yaml:2:3 processor.windows.sliding: missing; default_type names sliding: add a section such as sliding: { size_secs: 600, slide_secs: 60 }',
    ],
    [
      'windows: { session: { gap_secs: 5 } }',
      'p.yaml:2:3 processor.windows.tumbling: missing; windows are tumbling unless default_type says otherwise: set default_type: session, or add tumbling: { size_secs: 300 }',
    ],
    [
      'windows: { default_type: sliding, sliding: { size_secs: 5 } }',
      'p.yaml:2:37 processor.windows.sliding.slide_secs: missing; expected a number of seconds > 0, such as 60',
    ],
    [
      'windows: { default_type: [tumbling, tumbling], tumbling: { size_secs: 5 } }',
      'p.yaml:2:39 processor.windows.default_type[1]: the window type "tumbling" is there twice',
    ],
    [
      'aggregation: { percentiles: [50, 5e1] }',
      'p.yaml:2:36 processor.aggregation.percentiles[1]: the percentile 50 is there twice',
    ],
    [
      'aggregation: { enabled: [sum, sum] }',
      'p.yaml:2:33 processor.aggregation.enabled[1]: the aggregate "sum" is there twice',
    ],
    [
      'error_handling: { initial_retry_delay_ms: 9000 }',
      'p.yaml:2:45 processor.error_handling.initial_retry_delay_ms: expected at most max_retry_delay_ms (5000), found 9000',
    ],
    [
      'source: { type: file }',
      'p.yaml:2:3 processor.source.paths: missing; a file source needs the files to read, such as [events/*.ndjson]',
    ],
    [
      'source: { paths: [a] }',
      'p.yaml:2:20 processor.source.paths: files are only read by a file source; add source.type: file',
    ],
    [
      '{ source: { type: http }, http: { enabled: false } }',
      'p.yaml:2:21 processor.source.type: a source of type http needs the HTTP server; set http.enabled: true',
    ],
    [
      'sinks: [{ type: file, path: a }, { type: file, path: ./a }]',
      'p.yaml:2:36 processor.sinks[1]: the same sink is there twice; every result would be written to it twice',
    ],
    [
      'late_events: { path: data/dead-letters.ndjson }',
      'p.yaml:2:24 processor.late_events.path: expected a file of its own, found the one of error_handling.dead_letter_path',
    ],
    [
      '{ source: { type: file, paths: [in/a.ndjson] }, sinks: [{ type: file, path: ./in/a.ndjson }] }',
      'p.yaml:2:79 processor.sinks[0].path: expected a file that is not read, found one of source.paths, by "in/a.ndjson"; write it elsewhere',
    ],
    [
      '{ source: { type: file, paths: ["in/**/*.ndjson"] }, late_events: { path: in/b.c/late.ndjson } }',
      'p.yaml:2:77 processor.late_events.path: expected a file that is not read, found one of source.paths, by "in/**/*.ndjson"; write it elsewhere',
    ],
    [
      'state: { backend: rocksdb, path: a, checkpoint_path: a/ }',
      'p.yaml:2:56 processor.state.checkpoint_path: expected another folder than state.path',
    ],
    [
      'state: { backend: rocksdb, path: a, checkpoint_path: ./a/b/../checkpoints }',
      'p.yaml:2:56 processor.state.checkpoint_path: expected a folder outside of state.path, such as one beside it',
    ],
    [
      'state: { backend: rocksdb, path: ./data/checkpoints/state }',
      'p.yaml:2:3 processor.state.checkpoint_path: expected a folder that state.path is not in, such as one beside it',
    ],
    [
      'state: { memory_limit_mb: 7.9 }',
      'p.yaml:2:29 processor.state.memory_limit_mb: expected a number of MiB from 8 to 1048576, found 7.9',
    ],
  ])('refuses %s', (line, message) => {
    expect(messageOf(processor(line))).toBe(message);
  });

  it('says nothing of what follows from a key that is wrong in itself', () => {
    expect(messageOf(processor('windows: { default_type: sliding, sliding: 5 }'))).not.toContain('default_type names');
  });

  it('reports everything at once: the file from top to bottom, then the environment, then the command line', () => {
    const yaml = processor('http: { port: x }', 'event: { key: [a, a] }', 'nmae: y');
    const message = messageOf(yaml, {
      environment: { PROCESSOR_PARALLELISM: 'many', PROCESSOR_BUFFER_SIZE: '-1' },
      overrides: [{ path: ['windows', 'tumbling', 'size_secs'], value: 'soon', option: '--window' }],
    });
    expect(message.split('\n')).toEqual([
      'p.yaml:2:17 processor.http.port: expected a whole number from 0 to 65535, found "x"',
      'p.yaml:3:21 processor.event.key[1]: the key field "a" is there twice',
      'p.yaml:4:3 processor.nmae: unknown key; did you mean name?',
      'PROCESSOR_BUFFER_SIZE processor.buffer_size: expected a whole number of events from 1 to 100000000, found -1',
      'PROCESSOR_PARALLELISM processor.parallelism: expected a whole number of threads from 1 to 1024, found "many"',
      '--window processor.windows.tumbling.size_secs: expected a number of seconds > 0, found "soon"',
    ]);
  });

  it('carries the path of the first error', () => {
    expect(failureOf(() => parse(processor('http: { port: x }')))).toMatchObject({
      kind: 'configuration',
      code: 'CONFIG_INVALID',
      path: 'processor.http.port',
    });
  });
});

/** Nine levels of nine aliases each: 3.9 × 10⁸ values in half a kilobyte. */
function aliasBomb(): string {
  const levels = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
  return levels
    .map((name, depth) => {
      const item = depth === 0 ? 'lol' : `*${levels[depth - 1] ?? ''}`;
      return `${name}: &${name} [${Array<string>(9).fill(item).join(', ')}]`;
    })
    .join('\n');
}

describe('files that are no configuration', () => {
  it.each<[string, string, string]>([
    ['an empty file', '', 'p.yaml:1:1: the file is empty; a configuration begins with `processor:`'],
    ['a file of comments', '# nothing\n', 'p.yaml:1:1: the file is empty; a configuration begins with `processor:`'],
    ['a list', '- processor', 'p.yaml:1:1: expected keys, beginning with `processor:`, found a list'],
    ['a single word', 'processor', 'p.yaml:1:1: expected keys, beginning with `processor:`, found a single value'],
    [
      'two documents',
      'processor:\n---\nprocessor:',
      'p.yaml:2:1: a second YAML document begins here; a configuration is one document',
    ],
    ['a tab', 'processor:\n\tname: x', 'p.yaml:2:1: a tab indents this line; YAML is indented with spaces'],
    [
      'a variable in braces',
      'processor: { name: ${X} }',
      'p.yaml:1:21: not YAML: a `{` inside { } or [ ] must be in quotes, as in { port: "${PORT}" }',
    ],
    [
      'a crooked indentation',
      'processor:\n    name: x\n  http:',
      'p.yaml:3:1: not indented like the keys around it: All mapping items must start at the same column',
    ],
    ['a missing quote', 'processor: "x', 'p.yaml:1:14: not YAML: missing closing "quote'],
    [
      'YAML 1.1',
      '%YAML 1.1\n---\nprocessor:',
      'p.yaml:1:1: the file asks for YAML 1.1; a configuration is YAML 1.2: remove the %YAML line',
    ],
    [
      'a tag',
      'processor: { name: !secret x }',
      'p.yaml:1:20: tags (!name) are not used in a configuration; write the value plainly, in quotes if it begins with !',
    ],
    [
      'an alias bomb',
      aliasBomb(),
      'p.yaml:5:24: the file comes to more than 50000 values once its aliases (*name) are followed; it is refused',
    ],
    ['an alias inside itself', 'processor: &a [*a]', 'p.yaml:1:16: nested more than 32 deep'],
    ['a million brackets', '['.repeat(1_000_000), 'p.yaml:1:33: nested more than 32 deep'],
    ['a hundred thousand lists in lists', `a: 1\nb:\n${'- '.repeat(100_000)}`, 'p.yaml:3:65: nested more than 32 deep'],
    [
      'more than 1 MiB',
      `# ${'x'.repeat(1_048_576)}`,
      'p.yaml:1:1: the file has 1048578 bytes; a configuration has at most 1 MiB',
    ],
  ])('refuses %s', (_, yaml, message) => {
    const failure = failureOf(() => parse(yaml));
    expect(failure.code).toBe('CONFIG_UNREADABLE');
    expect(failure.message).toBe(message);
  });

  it('takes a line with many fields that do not lie deep, as programs write it', () => {
    const metrics = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`metric${String(i)}`, 'ms']));
    const { event } = parse(JSON.stringify({ processor: { event: { values: metrics } } })).config;
    expect(event.values).toEqual(new Map(Object.entries(metrics)));
  });

  it.each<[string, string, string]>([
    [
      'a key that is there twice',
      processor('name: a', 'name: b'),
      'p.yaml:3:3 processor.name: the key is there twice (first in line 2)',
    ],
    [
      'an alias without its anchor',
      processor('name: *a'),
      'p.yaml:2:9 processor.name: the alias *a has no anchor &a before it',
    ],
    [
      'keys beside processor',
      'processor:\nwindows:',
      'p.yaml:2:1 windows: unknown key here; there is processor.windows',
    ],
    [
      'keys in place of processor',
      'name: x',
      'p.yaml:1:1 processor: missing; all keys stand under `processor:`\np.yaml:1:1 name: unknown key here; there is processor.name',
    ],
    [
      'a list as a key',
      processor('? [a]', ': b'),
      'p.yaml:2:5 processor: a key must be plain text, found a list, a mapping or an alias',
    ],
  ])('refuses %s', (_, yaml, message) => {
    expect(messageOf(yaml)).toBe(message);
  });

  it('never fails in any other way, whatever the text', () => {
    const pieces = fc.constantFrom(
      'processor',
      'event',
      'values',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      '&a ',
      '*a',
      '${',
      '}',
      '!',
      '%',
      '\t',
      '1',
      'null',
      '__proto__',
      '#',
      '|',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        try {
          parse(parts.join(''));
        } catch (error) {
          expect(ProcessorError.is(error, 'configuration')).toBe(true);
        }
      }),
    );
  });
});

describe('the environment', () => {
  it('wins over the file, and the command line wins over both', () => {
    const yaml = processor('parallelism: 2', 'buffer_size: 5');
    const environment = { PROCESSOR_PARALLELISM: '8', PROCESSOR_BUFFER_SIZE: '6', HOME: '/root' };
    const { config } = parse(yaml, {
      environment,
      overrides: [{ path: ['buffer_size'], value: 7, option: '--buffer' }],
    });
    expect(config).toMatchObject({ parallelism: 8, buffer_size: 7 });
  });

  it.each<[string, string, string, unknown]>([
    ['PROCESSOR_STATE__BACKEND', 'rocksdb', 'state.backend', 'rocksdb'],
    ['PROCESSOR_STATE__PATH', '/srv/state', 'state.path', '/srv/state'],
    ['PROCESSOR_STATE__CHECKPOINT_PATH', '/srv/kept', 'state.checkpoint_path', '/srv/kept'],
    ['PROCESSOR_STATE__MEMORY_LIMIT_MB', '512', 'state.memory_limit_mb', 512],
    ['PROCESSOR_KAFKA__CONSUMER__MAX_WAIT_MS', ' 250 ', 'kafka.consumer.max_wait_ms', 250],
    ['PROCESSOR_WATERMARK__MAX_OUT_OF_ORDERNESS_SECS', '0.5', 'watermark.max_out_of_orderness_secs', 0.5],
    ['PROCESSOR_HTTP__ENABLED', 'FALSE', 'http.enabled', false],
    ['PROCESSOR_NAME', '123', 'name', '123'],
    ['PROCESSOR_EVENT__KEY', 'model, usage.region', 'event.key', ['model', 'usage.region']],
    ['PROCESSOR_EVENT__KEY', '["model", ["a", "b.c"]]', 'event.key', ['model', ['a', 'b.c']]],
    ['PROCESSOR_EVENT__KEY', '', 'event.key', []],
    ['PROCESSOR_EVENT__TIMESTAMP', '["a", "b.c"]', 'event.timestamp', ['a', 'b.c']],
    ['PROCESSOR_EVENT__VALUES', '{"__proto__": "a"}', 'event.values', new Map([['__proto__', 'a']])],
    ['PROCESSOR_AGGREGATION__PERCENTILES', '50,99.9', 'aggregation.percentiles', [50, 99.9]],
    ['PROCESSOR_WINDOWS__DEFAULT_TYPE', 'tumbling,tumbling', 'windows.default_type', undefined],
    ['PROCESSOR_LATE_EVENTS__PATH', 'null', 'late_events.path', null],
    ['PROCESSOR_SOURCE__TOTAL', 'unlimited', 'source.total', 'unlimited'],
    ['PROCESSOR_SOURCE__TOTAL', '10', 'source.total', 10],
    ['PROCESSOR_SINKS', '[{"type":"console","format":"json"}]', 'sinks', [{ type: 'console', format: 'json' }]],
  ])('reads %s=%s by the type of its key', (name, text, path, value) => {
    const yaml = processor(
      'kafka: { consumer: { bootstrap_servers: "a:1", topics: [t] } }',
      'windows: { tumbling: { size_secs: 1 } }',
    );
    const run = () => parse(yaml, { environment: { [name]: text } }).config;
    if (value === undefined) expect(run).toThrow(`${name} processor.${path}`);
    else
      expect(path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], run())).toEqual(value);
  });

  it.each<[string, string, string]>([
    [
      'PROCESSOR_PARALELISM',
      '8',
      'PROCESSOR_PARALELISM: no key of the configuration; the nearest is PROCESSOR_PARALLELISM',
    ],
    [
      'PROCESSOR_STATE_BACKEND',
      'x',
      'PROCESSOR_STATE_BACKEND: no key of the configuration; the nearest is PROCESSOR_STATE__BACKEND',
    ],
    ['PROCESSOR_CONFIG', 'x', 'PROCESSOR_CONFIG: no key of the configuration; the nearest is PROCESSOR_NAME'],
    [
      'PROCESSOR_PORT_8080_TCP',
      'tcp://10.0.0.1:8080',
      'PROCESSOR_PORT_8080_TCP: no key of the configuration; Kubernetes sets it for a Service called "processor": set enableServiceLinks: false in the pod, or rename the Service',
    ],
    [
      'PROCESSOR_HTTP__PORT',
      '',
      'PROCESSOR_HTTP__PORT processor.http.port: expected a whole number from 0 to 65535, found ""',
    ],
    [
      'PROCESSOR_AGGREGATION__PERCENTILES',
      '50,abc',
      'PROCESSOR_AGGREGATION__PERCENTILES processor.aggregation.percentiles[1]: expected a number > 0 and ≤ 100, found "abc"',
    ],
  ])('refuses %s=%s', (name, text, message) => {
    expect(messageOf('processor:', { environment: { [name]: text } })).toBe(message);
  });

  it('puts variables into values, read by the type of their key', () => {
    const yaml = processor(
      'name: ${NAME}-${STAGE:-dev}',
      'http: { port: "${PORT:-9000}" }',
      'sinks: [{ type: file, path: "a$${b}" }]',
    );
    const { config } = parse(yaml, { environment: { NAME: 'llm', STAGE: '' } });
    expect(config).toMatchObject({ name: 'llm-dev', http: { port: 9000 }, sinks: [{ path: 'a${b}' }] });
  });

  it('does not put variables into what a variable held', () => {
    const yaml = processor('state: { path: "${A}" }');
    expect(parse(yaml, { environment: { A: '${B}', B: 'x' } }).config.state.path).toBe('${B}');
  });

  it.each<[string, string]>([
    [
      'name: ${MISSING}',
      'p.yaml:2:9 processor.name: the environment variable MISSING is not set; set it, or give a default: ${MISSING:-…}',
    ],
    [
      'name: ${constructor}',
      'p.yaml:2:9 processor.name: the environment variable constructor is not set; set it, or give a default: ${constructor:-…}',
    ],
    [
      'state: { path: "${A-b}" }',
      'p.yaml:2:18 processor.state.path: expected ${NAME} or ${NAME:-default}; write $${ for a plain ${',
    ],
    [
      'state: { path: "${A" }',
      'p.yaml:2:18 processor.state.path: expected ${NAME} or ${NAME:-default}; write $${ for a plain ${',
    ],
  ])('refuses %s', (line, message) => {
    expect(messageOf(processor(line))).toBe(message);
  });
});

describe('secrets', () => {
  const kafka = (password: string) =>
    `kafka: { consumer: { bootstrap_servers: "a:1", topics: [t], security: { protocol: SASL_SSL, sasl: { username: u, password: ${password} } } } }`;

  it.each<[string, string, Record<string, string>]>([
    ['a password in the file', processor(kafka(CANARY)), {}],
    ['a password through a variable', processor(kafka('"${P}"')), { P: CANARY }],
    [
      'a password in the environment',
      processor(kafka('x')),
      { PROCESSOR_KAFKA__CONSUMER__SECURITY__SASL__PASSWORD: CANARY },
    ],
    ['a token', processor(`source: { token: ${CANARY} }`), {}],
    ['a path through a variable', processor('sinks: [{ type: file, path: "out/${P}" }]'), { P: CANARY }],
    ['an entry of a list through a variable', processor('event: { key: [model, "${P}"] }'), { P: CANARY }],
    ['a metric through a variable', processor('event: { values: { cost: "${P}" } }'), { P: CANARY }],
  ])('shows nothing of %s', (_, yaml, environment) => {
    const loaded = parse(yaml, { environment });
    const shown = [
      JSON.stringify(loaded),
      inspect(loaded, { depth: 20, showHidden: true }),
      JSON.stringify(loaded.entries()),
    ].join('');
    expect(JSON.stringify([loaded.config, [...(loaded.config.event.values ?? [])]])).toContain(CANARY);
    expect(shown).toContain('***');
    expect(shown).not.toContain(CANARY);
  });

  it('shows that a variable is empty, where text is needed', () => {
    const yaml = processor('source: { token: "${T}" }', 'sinks: [{ type: file, path: "${P}" }]');
    expect(failureOf(() => parse(yaml, { environment: { T: '', P: '' } })).message).toBe(
      'p.yaml:2:20 processor.source.token: expected text, found ""\np.yaml:3:31 processor.sinks[0].path: expected text, found ""',
    );
  });

  it.each<[string, string, Record<string, string>]>([
    ['a wrong type of a secret', processor(`source: { token: [${CANARY}] }`), {}],
    ['a wrong value through a variable', processor('http: { port: "${P}" }'), { P: CANARY }],
    ['a wrong entry through a variable', processor('aggregation: { enabled: ["${P}"] }'), { P: CANARY }],
    [
      'a wrong list with an entry through a variable',
      processor('windows: { default_type: [tumbling, "${P}"] }'),
      { P: CANARY },
    ],
    ['a repeated key through a variable', processor('event: { key: ["${P}", "${P}"] }'), { P: CANARY }],
    ['a default of a variable', processor(`http: { port: "\${P:-${CANARY}}" }`), {}],
    ['an unknown key', processor(`tokn: ${CANARY}`), {}],
    ['an unknown variable', 'processor:', { PROCESSOR_TOKEN: CANARY }],
    ['a secret in a variable of a wrong type', 'processor:', { PROCESSOR_KAFKA__CONSUMER__SECURITY__SASL: CANARY }],
    ['a secret that is no YAML', processor(`source: { token: "${CANARY} }`), {}],
    ['a secret that begins like something else', processor(`source: { token: @${CANARY} }`), {}],
    ['a secret with an unknown escape', processor(`source: { token: "\\q${CANARY}" }`), {}],
    ['a secret with a tag', processor(`source: { token: !${CANARY} }`), {}],
    ['a secret beside a bracket', processor(`source: { token: ${CANARY}] }`), {}],
    ['a secret of several lines', processor('source:', `  token: ${CANARY}: x: y`), {}],
  ])('says what is wrong with %s without showing it', (_, yaml, environment) => {
    const failure = failureOf(() => parse(yaml, { environment }));
    expect(failure.message.length).toBeGreaterThan(10);
    expect(inspect(failure, { depth: 20 }).replace(/\n\s+at .*/g, '')).not.toContain(CANARY);
  });

  it('does not take names of metrics or keys of Kafka for secrets', () => {
    const loaded = parse(
      processor(
        'event: { key: [api_key], values: { completion_tokens: usage.completion_tokens } }',
        'kafka: { consumer: { bootstrap_servers: "a:1", topics: [t], partitioned_by_key: true } }',
      ),
    );
    expect(JSON.stringify(loaded)).not.toContain('***');
  });
});

describe('where values come from', () => {
  it('tells for each key its layer and place', () => {
    const loaded = parse(processor('name: x', 'sinks: [{ type: console }]'), {
      environment: { PROCESSOR_HTTP__PORT: '1' },
      overrides: [{ path: ['event', 'value'], value: 'ms', option: '--value' }],
    });
    const origins = new Map(loaded.entries().map(({ path, origin }) => [path.join('.'), origin]));
    expect(origins.get('processor.name')).toEqual({ type: 'file', file: 'p.yaml', line: 2, column: 9 });
    expect(origins.get('processor.http.port')).toEqual({ type: 'environment', name: 'PROCESSOR_HTTP__PORT' });
    expect(origins.get('processor.event.value')).toEqual({ type: 'command-line', option: '--value' });
    expect(origins.get('processor.sinks.0.format')).toEqual({ type: 'default' });
    expect(origins.get('processor.windows.tumbling.size_secs')).toEqual({ type: 'default' });
  });
});

describe('loading a file', () => {
  it('reads a file, and names it as it was given', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'config-'));
    const path = join(folder, 'processor.yaml');
    try {
      await writeFile(path, '\uFEFFprocessor: { name: x }\n');
      expect((await loadConfig(path)).config.name).toBe('x');
      await writeFile(path, 'processor: { nam: x }\n');
      await expect(loadConfig(path)).rejects.toThrow(`${path}:1:14 processor.nam: unknown key; did you mean name?`);
      await writeFile(path, new Uint8Array([0x61, 0xff, 0xfe]));
      await expect(loadConfig(path)).rejects.toThrow(`the configuration file ${path} is not UTF-8 text`);
      await writeFile(path, new Uint8Array(1_048_577).fill(35));
      await expect(loadConfig(path)).rejects.toThrow('is too large; a configuration has at most 1 MiB');
      await expect(loadConfig(folder)).rejects.toThrow('is a folder; name the file in it');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says that a file does not exist', async () => {
    await expect(loadConfig('/nowhere/p.yaml')).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message:
        'the configuration file /nowhere/p.yaml does not exist; check the path, or let "processor init" write one',
    });
  });
});
