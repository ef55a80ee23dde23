import { parseConnectionUrl } from '../sinks/postgres/connection-url.ts';
import type { PostgresConnection } from '../sinks/postgres/postgres-options.ts';
import { PostgresSink } from '../sinks/postgres/postgres-sink.ts';
import type { ProcessorConfig, SinkConfig } from './schema/processor.ts';
import { millisOfSecs } from './schema/setting.ts';

type SinkOf<T extends SinkConfig['type']> = Extract<SinkConfig, { type: T }>;

/** The sink of an entry of type `postgres`. */
export function postgresSinkOf(sink: SinkOf<'postgres'>, config: ProcessorConfig): PostgresSink {
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
