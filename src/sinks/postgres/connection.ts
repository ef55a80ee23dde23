import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { readTlsFiles } from '../tls-files.ts';
import type { PostgresConnection, PostgresTls } from './postgres-options.ts';

/** Where a connection goes, for messages: never with its password. */
export function describeConnection({ user, host, port, database }: PostgresConnection): string {
  const who = user === undefined ? '' : `${user}@`;
  const where = host ?? 'the default host';
  const place = host === undefined || host.startsWith('/') ? where : `${where}:${String(port ?? 5432)}`;
  return `Postgres at ${who}${place}${database === undefined ? '' : `/${database}`}`;
}

/**
 * What the client is given. Files are read each time, so that certificates may be replaced while the run goes on. What is
 * left out is the client's to find, in `PGHOST` and the like and in `.pgpass`.
 * @throws ProcessorError SINK_FAILED where a file cannot be read.
 */
export async function clientConfigOf(connection: PostgresConnection, connectTimeoutMs: number): Promise<ClientConfig> {
  const { host, port, database, user, password, tls, applicationName } = connection;
  const given = Object.entries({ host, port, database, user, password }).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given) as Pick<ClientConfig, 'host' | 'port' | 'database' | 'user' | 'password'>),
    ...(tls === undefined ? {} : { ssl: tls.mode === 'disable' ? false : await tlsOptionsOf(tls) }),
    application_name: applicationName ?? 'llm-optimizer-processor',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  };
}

async function tlsOptionsOf({ mode = 'verify-full', ...files }: PostgresTls): Promise<ConnectionOptions> {
  return {
    ...(await readTlsFiles(files)),
    // As libpq has it: an authority that is given is asked, whatever else is left unchecked.
    rejectUnauthorized: mode !== 'require' || files.ca !== undefined,
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  };
}
