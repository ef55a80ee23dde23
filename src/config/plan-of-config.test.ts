import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { KafkaAggregationSink } from '../sinks/kafka/kafka-aggregation-sink.ts';
import { KafkaSource } from '../sources/kafka/kafka-source.ts';
import { parseConfig } from './config.ts';
import { planOfConfig } from './plan-of-config.ts';

const streams = { stdin: new PassThrough(), stdout: new PassThrough() };

function load(yaml: string) {
  return parseConfig(yaml, { file: 'p.yaml', cores: 2 });
}

describe('the plan of a configuration', () => {
  it('holds every setting, seconds as milliseconds', () => {
    const plan = planOfConfig(
      load(`processor:
  name: p
  buffer_size: 7
  commit_interval_ms: 50
  checkpoint_interval_secs: 1.5
  source: { type: stdin, format: csv }
  event: { timestamp: [a, "b.c"], timestamp_unit: s, time: ingestion, key: ["x.y"], values: { __proto__: z }, max_future_secs: 2 }
  windows:
    default_type: [sliding, session, tumbling]
    late_rule: window
    tumbling: { size_secs: 0.25, offset_secs: -0.05, allowed_lateness_secs: 0 }
    sliding: { size_secs: 10, slide_secs: 3 }
    session: { gap_secs: 5 }
  watermark: { emit_interval_secs: 2, idle_timeout_secs: 0.5 }
  aggregation: { enabled: [count, percentile], percentiles: [99.9] }
  error_handling: { policy: retry, max_retries: 1, initial_retry_delay_ms: 2, max_retry_delay_ms: 3 }
  late_events: { path: late.ndjson }
  sinks: [{ type: console }, { type: file, path: out.ndjson }]
`),
      streams,
    );
    expect(plan).toMatchObject({
      name: 'p',
      bufferSize: 7,
      commitIntervalMs: 50,
      checkpointIntervalMs: 1500,
      parallelism: 1,
      idleTimeoutMs: 500,
      lateRule: 'window',
      flatResults: false,
      decode: {
        timestamp: { type: 'path', path: ['a', 'b.c'], text: 'a.b.c' },
        timestampUnit: 's',
        time: 'ingestion',
        key: [{ name: 'x.y', selector: { path: ['x', 'y'] } }],
        metrics: [{ name: '__proto__', selector: { path: ['z'] } }],
        maxFutureMs: 2000,
      },
      errorHandler: { policy: 'retry', maxAttempts: 1, initialDelayMs: 2, maxDelayMs: 3 },
      aggregation: { percentiles: [99.9] },
    });
    expect(
      plan.windows.map(({ name, assigner, allowedLatenessMs }) => [name, assigner.describe(), allowedLatenessMs]),
    ).toEqual([
      ['sliding', 'sliding(size=10s, slide=3s)', 60_000],
      ['session', 'session(gap=5s)', 60_000],
      ['tumbling', expect.stringContaining('tumbling(size=250ms'), 0],
    ]);
    expect(plan.watermark).toMatchObject({ intervalMs: 2000, base: { maxOutOfOrdernessMs: 30_000 } });
    expect(plan.sinks.map(({ name }) => name)).toEqual(['console', 'file']);
    expect([plan.lateSink?.name, plan.deadLetterSink?.name, plan.source.name]).toEqual([
      'dead-letter',
      'dead-letter',
      'stdin',
    ]);
    expect(Object.isFrozen(plan)).toBe(true);
  });

  it.each<[string, string]>([
    ['source: { type: file, paths: [a] }', 'file'],
    ['source: { type: http, token: t }', 'http'],
    ['source: { type: demo, total: 5 }', 'demo'],
  ])('reads from %s', (line, name) => {
    expect(planOfConfig(load(`processor:\n  ${line}`), streams).source.name).toBe(name);
  });

  it('has flat results for one value, and for none', () => {
    expect(planOfConfig(load('processor: { event: { value: a.b } }'), streams)).toMatchObject({
      flatResults: true,
      decode: { metrics: [{ name: 'a.b' }] },
    });
    expect(planOfConfig(load('processor:'), streams)).toMatchObject({ flatResults: true, decode: { metrics: [] } });
  });

  const CONSUMER = 'consumer: { bootstrap_servers: "a:1", topics: [t] }';
  const PRODUCER = 'producer: { bootstrap_servers: "a:1", result_topic: r }';

  it('reads from Kafka and writes there, by default, all in one transaction', () => {
    const yaml = `processor: { late_events: { topic: late }, kafka: { ${CONSUMER}, ${PRODUCER} } }`;
    const { source, sinks, lateSink, deadLetterSink, errorHandler } = planOfConfig(load(yaml), streams);
    expect(source).toBeInstanceOf(KafkaSource);
    expect(sinks).toEqual([expect.any(KafkaAggregationSink)]);
    const [transaction] = sinks.map((sink) => sink.transaction);
    expect(transaction).toBeDefined();
    expect([lateSink?.transaction, deadLetterSink?.transaction, errorHandler.sink?.transaction]).toEqual(
      Array(3).fill(transaction),
    );
  });

  it('has the settings of kafka.consumer and kafka.producer in its source and its transaction', () => {
    const consumer = CONSUMER.replace('}', ', group_id: g, instances: 3, partitioned_by_key: true }');
    const producer = PRODUCER.replace('}', ', after_restore: deliver_again }');
    const yaml = `processor: { event: { key: [m] }, kafka: { ${consumer}, ${producer} } }`;
    const plan = planOfConfig(parseConfig(yaml, { hostname: 'processor-2' }), streams);
    expect(plan.source).toMatchObject({
      offsetGroup: { instance: 2, connection: { bootstrapServers: 'a:1', maxPollRecords: 500 } },
      share: { instances: 3, instance: 2, partitionedByKey: true },
    });
    expect((plan.source as KafkaSource).offsetGroup.groupId('p')).toBe('g');
    expect(plan.sinks[0]?.transaction?.afterRestore).toBe('deliver_again');
  });

  it('delivers dead letters to Kafka without results there, and results without a transaction where acks is not all', () => {
    const console = `processor: { sinks: [{ type: console }], kafka: { ${PRODUCER} } }`;
    const { sinks, deadLetterSink, source } = planOfConfig(load(console), streams);
    expect([sinks[0]?.transaction, source.name]).toEqual([undefined, 'demo']);
    expect(deadLetterSink?.transaction).toBeDefined();
    const quick = `processor: { kafka: { ${PRODUCER.replace('}', ', acks: 1 }')} } }`;
    expect(planOfConfig(load(quick), streams).sinks[0]?.transaction).toBeUndefined();
  });

  it('is not made on a host whose name does not say which instance it is', () => {
    const yaml = `processor:\n  event: { key: [m] }\n  kafka: { ${CONSUMER.replace('}', ', instances: 3, partitioned_by_key: true }')} }`;
    expect(() => planOfConfig(parseConfig(yaml, { file: 'p.yaml', hostname: 'laptop' }), streams)).toThrow(
      /^p\.yaml:3:\d+ processor\.kafka\.consumer\.instance: missing; the name of this host, "laptop", does not end/,
    );
  });
});
