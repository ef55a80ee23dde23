import { ProcessorError } from '../errors/processor-error.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import { HttpSink } from '../sinks/http/http-sink.ts';
import { MetricsSink } from '../sinks/metrics/metrics-sink.ts';
import { parseConnectionUrl } from '../sinks/postgres/connection-url.ts';
import type { PostgresConnection } from '../sinks/postgres/postgres-options.ts';
import { PostgresSink } from '../sinks/postgres/postgres-sink.ts';
import type { TlsFiles } from '../sinks/tls-files.ts';
import { WebSocketSink } from '../sinks/websocket/websocket-sink.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { ProcessorConfig, SinkConfig } from './schema/processor.ts';
import { millisOfSecs } from './schema/setting.ts';

type SinkOf<T extends SinkConfig['type']> = Extract<SinkConfig, { type: T }>;

/**
 * The sink of an entry of type `metrics`.
 * @throws ProcessorError CONFIG_INVALID where there are no metrics to add to: nobody would see them.
 */
export function metricsSinkOf(sink: SinkOf<'metrics'>, metrics: ProcessorMetrics | undefined): MetricsSink {
  if (metrics === undefined) {
    const message = 'a sink of type metrics needs the metrics that are served: give them to planOfConfig';
    throw new ProcessorError('configuration', 'CONFIG_INVALID', message);
  }
  const staleAfter = sink.stale_after_secs;
  return new MetricsSink(metrics.registry, {
    prefix: sink.prefix,
    maxLabelSets: sink.max_label_sets,
    ...(staleAfter === undefined ? {} : { staleAfter: millisOfSecs(staleAfter) }),
  });
}

/** The sink of an entry that goes to a server. */
export function serverSinkOf(sink: SinkOf<'postgres' | 'websocket' | 'http'>, config: ProcessorConfig): EventSink {
  switch (sink.type) {
    case 'postgres':
      return postgresSinkOf(sink, config);
    case 'websocket':
      return webSocketSinkOf(sink);
    case 'http':
      return httpSinkOf(sink);
  }
}

function webSocketSinkOf(sink: SinkOf<'websocket'>): WebSocketSink {
  const { url, messages, acknowledgements, headers, token, tls } = sink;
  return new WebSocketSink(url, {
    ...given({ headers, token, ...tlsOf(tls) }),
    messages,
    acknowledgements,
    maxMessageBytes: sink.max_message_bytes,
    connectTimeout: millisOfSecs(sink.connect_timeout_secs),
    pingInterval: millisOfSecs(sink.ping_interval_secs),
  });
}

function httpSinkOf(sink: SinkOf<'http'>): HttpSink {
  const { url, format, headers, token, secret, tls } = sink;
  return new HttpSink(url, {
    ...given({ headers, token, secret, ...tlsOf(tls) }),
    format,
    maxBodyBytes: sink.max_body_bytes,
    requestTimeout: millisOfSecs(sink.request_timeout_secs),
  });
}

function tlsOf(tls: SinkOf<'http'>['tls']): { readonly tls?: TlsFiles } {
  return tls === undefined ? {} : { tls: given({ ca: tls.ca, cert: tls.cert, key: tls.key }) };
}

function postgresSinkOf(sink: SinkOf<'postgres'>, config: ProcessorConfig): PostgresSink {
  const { schema, table, columns, panes, rewind } = sink;
  return new PostgresSink(connectionOf(sink), {
    ...given({ schema, columns }),
    table,
    panes,
    rewind,
    createTables: sink.create_tables,
    writer: sink.writer ?? writerOf(config),
    connectTimeout: millisOfSecs(sink.connect_timeout_secs),
    statementTimeout: millisOfSecs(sink.statement_timeout_secs),
  });
}

function connectionOf({ url, host, port, database, user, password, tls }: SinkOf<'postgres'>): PostgresConnection {
  return {
    ...(url === undefined ? {} : parseConnectionUrl(url)),
    ...given({ host, port, database, user, password }),
    ...(tls === undefined ? {} : { tls: { mode: tls.mode, ...given({ ca: tls.ca, cert: tls.cert, key: tls.key }) } }),
  };
}

/** Each instance writes the results of its own partitions. */
function writerOf({ kafka: { consumer } }: ProcessorConfig): string {
  return consumer === undefined || consumer.instances === 1 ? 'main' : `instance-${String(consumer.instance)}`;
}

/** What of an object is given: a key that is undefined is left out. */
function given<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
