import { expect, it } from 'vitest';
import { CERTIFICATE_PATHS, CERTIFICATES } from '../../../test/servers/certificates.ts';
import { describePostgres, usePostgres } from '../../../test/servers/postgres-server.ts';
import { testContext } from '../event-sink.contract.ts';
import type { PostgresConnection } from './postgres-options.ts';
import { PostgresSink } from './postgres-sink.ts';

const encrypted = usePostgres({
  settings: { ssl: 'on', ssl_cert_file: 'own.pem', ssl_key_file: 'own.key', ssl_ca_file: 'ca.pem' },
  files: { 'own.pem': CERTIFICATES.cert, 'own.key': CERTIFICATES.key, 'ca.pem': CERTIFICATES.ca },
  access: 'hostssl all certified all trust clientcert=verify-ca\nhost all certified all reject',
});
const plain = usePostgres();

/** How the connection turns out. */
async function outcome(connection: string | PostgresConnection): Promise<string> {
  const sink = new PostgresSink(connection);
  try {
    await sink.open(testContext);
    const connections = await encrypted().query<{ ssl: boolean }>(
      "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'llm-optimizer-processor' AND query = 'COMMIT' ORDER BY backend_start DESC",
    );
    return connections[0]?.ssl === true ? 'encrypted' : 'plain';
  } catch (error) {
    return String(error);
  } finally {
    await sink.close();
  }
}

const at = (host: string, query: string): string => encrypted().url().replace('127.0.0.1', host) + query;
const CA = `sslrootcert=${CERTIFICATE_PATHS.ca}`;

describePostgres('TLS', () => {
  it.each<[string, string, string | RegExp]>([
    ['localhost', '?sslmode=disable', 'plain'],
    ['localhost', '?sslmode=require', 'encrypted'],
    ['127.0.0.1', '?sslmode=require', 'encrypted'],
    ['localhost', `?sslmode=verify-full&${CA}`, 'encrypted'],
    ['localhost', `?${CA}`, 'encrypted'],
    ['127.0.0.1', `?sslmode=verify-full&${CA}`, /cert's list; check tls|altnames.*; check tls/],
    ['127.0.0.1', `?sslmode=verify-ca&${CA}`, 'encrypted'],
    ['localhost', '?sslmode=verify-full', /certificate.*; check tls/],
    ['localhost', `?sslmode=require&sslrootcert=${CERTIFICATE_PATHS.cert}`, /certificate.*; check tls/],
    ['localhost', '?sslrootcert=nowhere.pem', /the TLS file nowhere.pem cannot be read/],
  ])('to %s%s turns out as libpq has it', async (host, query, expected) => {
    expect(await outcome(at(host, query))).toMatch(expected);
  });

  it('is missed where the server has none', async () => {
    expect(await outcome(`${plain().url()}?sslmode=require`)).toMatch(/does not support SSL.*check tls \(sslmode\)/);
  });

  it('shows a certificate of its own where the server asks for one', async () => {
    await encrypted().query('CREATE ROLE certified LOGIN SUPERUSER');
    const connection = { host: 'localhost', port: encrypted().port, database: 'postgres', user: 'certified' };
    const { ca, cert, key } = CERTIFICATE_PATHS;
    expect(await outcome({ ...connection, tls: { ca } })).toMatch(/SQLSTATE 28000/);
    expect(await outcome({ ...connection, tls: { ca, cert, key } })).toBe('encrypted');
  });
});
