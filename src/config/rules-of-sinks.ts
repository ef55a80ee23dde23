import { messageOf } from '../errors/message-of.ts';
import { nameOfPath, parseFieldPath, type FieldPath } from '../event/field-path.ts';
import { keyOfSecret } from '../sinks/http/webhook-signature.ts';
import type { ConfigPath } from './located.ts';
import type { Rule, Violation } from './rules.ts';
import type { CheckedConfig, SinkConfig } from './schema/processor.ts';

type Postgres = Extract<SinkConfig, { type: 'postgres' }>;

/** Rules about entries of `sinks`, each on its own. */
export const sinkRules: readonly Rule[] = [
  {
    reads: [['sinks']],
    violations: ({ config: { sinks } }) =>
      (sinks ?? []).flatMap((sink, index) => (sink.type === 'postgres' ? addressedTwice(sink, index) : [])),
  },
  {
    reads: [['sinks']],
    violations: ({ config: { sinks } }) =>
      (sinks ?? []).flatMap((sink, index) => {
        const tls = 'tls' in sink ? sink.tls : undefined;
        if ((tls?.cert === undefined) === (tls?.key === undefined)) return [];
        return [{ path: ['sinks', index, 'tls'], message: 'a client certificate needs both cert and key' }];
      }),
  },
  ...[unnumbered, weakSecret, doublyAuthorized].map((violationsOf): Rule => ({
    reads: [['sinks']],
    violations: ({ config: { sinks } }) => (sinks ?? []).flatMap(violationsOf),
  })),
  {
    reads: [['sinks'], ['http', 'enabled']],
    violations: ({ config: { sinks, http } }) =>
      (sinks ?? []).flatMap(({ type }, index) => {
        if (type !== 'metrics' || http.enabled) return [];
        return [{ path: ['sinks', index, 'type'], message: 'needs http.enabled: nobody could see the metrics' }];
      }),
  },
  {
    reads: [['sinks'], ['event'], ['aggregation']],
    violations: ({ config }) =>
      (config.sinks ?? []).flatMap((sink, index) =>
        sink.type === 'postgres' ? emptyColumns(config, sink, index) : [],
      ),
  },
];

function unnumbered(sink: SinkConfig, index: number): readonly Violation[] {
  if (sink.type !== 'websocket' || !sink.acknowledgements || sink.messages === 'batch') return [];
  const message = 'acknowledgements need messages: batch, which have numbers';
  return [{ path: ['sinks', index, 'acknowledgements'], message }];
}

/** A secret is judged apart from its schema, so that no message has it. */
function weakSecret(sink: SinkConfig, index: number): readonly Violation[] {
  if (sink.type !== 'http' || sink.secret === undefined) return [];
  try {
    keyOfSecret(sink.secret);
    return [];
  } catch (error) {
    return [{ path: ['sinks', index, 'secret'], message: messageOf(error) }];
  }
}

function doublyAuthorized(sink: SinkConfig, index: number): readonly Violation[] {
  if (!('headers' in sink) || sink.token === undefined) return [];
  const names = [...(sink.headers?.keys() ?? [])].map((name) => name.toLowerCase());
  if (!names.includes('authorization')) return [];
  return [{ path: ['sinks', index, 'token'], message: 'not together with a header Authorization' }];
}

/** What two entries that write to the same place have in common. */
export function identityOf(sink: SinkConfig): string {
  if (sink.type === 'websocket' || sink.type === 'http') return JSON.stringify([sink.type, sink.url]);
  if (sink.type !== 'postgres') return sink.type;
  const { url, host, port, database, schema, table, writer } = sink;
  return JSON.stringify(['postgres', url, host, port, database, schema, table, writer]);
}

function addressedTwice(sink: Postgres, index: number): readonly Violation[] {
  if (sink.url === undefined) return [];
  const parts = (['host', 'port', 'database', 'user'] as const).filter((key) => sink[key] !== undefined);
  return parts.map((key) => ({ path: ['sinks', index, key], message: 'not together with url, which has it' }));
}

/** A column that nothing will ever be in is a slip of the pen. */
function emptyColumns(config: CheckedConfig, { columns }: Postgres, index: number): readonly Violation[] {
  return [...(columns ?? [])].flatMap(([name, place]) => {
    const wrong = wrongPlace(config, place);
    const path: ConfigPath = ['sinks', index, 'columns', name];
    return wrong === undefined ? [] : [{ path, message: wrong }];
  });
}

function wrongPlace({ event, aggregation }: CheckedConfig, place: FieldPath): string | undefined {
  const [root, ...steps] = parseFieldPath(place);
  if (root === 'key') {
    const names = event.key.map(nameOfPath);
    const isKnown = steps.length === 1 && names.includes(String(steps[0]));
    return isKnown ? undefined : `expected a field of event.key (${namesOf(names)}) behind key`;
  }
  const aggregates = aggregation.enabled.flatMap((name) =>
    name === 'percentile' ? aggregation.percentiles.map((p) => `p${String(p)}`) : [name],
  );
  const metrics = [...(event.values?.keys() ?? [])];
  const [aggregate, metric] = steps.toReversed().map(String);
  if (event.values === undefined ? steps.length !== 1 : steps.length !== 2 || !metrics.includes(metric ?? '')) {
    return event.values === undefined
      ? `expected an aggregate right behind results, such as results.${aggregates[0] ?? 'count'}`
      : `expected a metric of event.values (${namesOf(metrics)}) and an aggregate behind results`;
  }
  return aggregates.includes(aggregate ?? '')
    ? undefined
    : `expected an aggregate that is enabled (${namesOf(aggregates)}), with a name that has a dot in it as a list: [results, p99.9]`;
}

function namesOf(names: readonly string[]): string {
  return names.length === 0 ? 'there is none' : names.join(', ');
}
