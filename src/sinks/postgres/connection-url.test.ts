import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../../errors/processor-error.ts';
import { parseConnectionUrl } from './connection-url.ts';
import { describeConnection } from './connection.ts';

const CANARY = 'canary-77';

describe('a connection URL', () => {
  it.each<[string, object]>([
    ['postgres://db/metrics', { host: 'db', database: 'metrics' }],
    ['postgresql://u:p@db:6432/m', { host: 'db', port: 6432, database: 'm', user: 'u', password: 'p' }],
    ['postgres://a%40b:p%2Fq%3A%25@db/%22x%22', { host: 'db', database: '"x"', user: 'a@b', password: 'p/q:%' }],
    ['postgres://[::1]:5432', { host: '::1', port: 5432 }],
    ['postgres:///m?host=/var/run/postgresql', { host: '/var/run/postgresql', database: 'm' }],
    ['postgres://db?sslmode=require', { host: 'db', tls: { mode: 'require' } }],
    [
      'postgres://db/?sslmode=verify-full&sslrootcert=ca.pem&sslcert=c.pem&sslkey=k.pem&application_name=x',
      { host: 'db', tls: { mode: 'verify-full', ca: 'ca.pem', cert: 'c.pem', key: 'k.pem' }, applicationName: 'x' },
    ],
  ])('%s is taken apart', (url, connection) => {
    expect(parseConnectionUrl(url)).toEqual(connection);
  });

  it.each([
    [`u:${CANARY}@db/m`, /such as postgres:/],
    [`postgres:/u:${CANARY}@db/m`, /such as postgres:/],
    [`mysql://u:${CANARY}@db/m`, /such as postgres:/],
    [`postgres://u:${CANARY}@db:x/m`, /such as postgres:/],
    [`postgres://u:${CANARY}%zz@db/m`, /write %25/],
    [`postgres://u:${CANARY}@db/m?sslmode=prefer`, /one of disable, require, verify-ca, verify-full; found "prefer"/],
    [`postgres://u:${CANARY}@db/m?pool=3`, /takes host, sslmode, .*, found "pool"/],
  ])('%s is refused with what is allowed, and not repeated', (url, message) => {
    let failure: unknown;
    try {
      parseConnectionUrl(url);
    } catch (error) {
      failure = error;
    }
    expect(ProcessorError.is(failure, 'configuration')).toBe(true);
    expect(String(failure)).toMatch(message);
    expect(String(failure)).not.toContain(CANARY);
  });
});

describe('a connection in words', () => {
  it.each([
    [{ host: 'db', port: 6432, database: 'm', user: 'u', password: CANARY }, 'Postgres at u@db:6432/m'],
    [{ host: 'db' }, 'Postgres at db:5432'],
    [{ host: '/run/postgresql', database: 'm' }, 'Postgres at /run/postgresql/m'],
    [{}, 'Postgres at the default host'],
  ])('%o is %s', (connection, words) => {
    expect(describeConnection(connection)).toBe(words);
  });
});
