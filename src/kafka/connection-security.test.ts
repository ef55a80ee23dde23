import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSecurity, serverNameOf } from './connection-security.ts';
import type { KafkaSecurity } from './kafka-settings.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'tls');
const [CERT, KEY] = [join(FIXTURES, 'localhost.pem'), join(FIXTURES, 'localhost.key')];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'security-'));
  await writeFile(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n');
  await writeFile(join(folder, 'ca.der'), Buffer.from([0x30, 0x82]));
});
afterAll(() => rm(folder, { recursive: true }));

const user = { username: 'u', password: 'canary' };

describe('security', () => {
  it('is none by default', async () => {
    expect(await readSecurity()).toEqual({});
  });

  it('reads the files that it names', async () => {
    const ca = join(folder, 'ca.pem');
    const security = await readSecurity({ protocol: 'SASL_SSL', ssl: { ca, cert: CERT, key: KEY }, sasl: user });
    expect(Object.keys(security.tls ?? {})).toEqual(['ca', 'cert', 'key']);
    expect(security.sasl).toEqual({ ...user, mechanism: 'SCRAM-SHA-512' });
  });

  it.each<[string, KafkaSecurity, string]>([
    [
      'PLAIN without TLS',
      { protocol: 'SASL_PLAINTEXT', sasl: { ...user, mechanism: 'PLAIN' } },
      'PLAIN sends the password as it is',
    ],
    [
      'a login with a protocol that has none',
      { protocol: 'SSL', sasl: user },
      'sasl needs protocol SASL_SSL or SASL_PLAINTEXT, found SSL',
    ],
    ['a login with no protocol', { sasl: user }, 'found PLAINTEXT'],
    [
      'a protocol with a login, and none',
      { protocol: 'SASL_SSL' },
      'protocol SASL_SSL needs sasl.username and sasl.password',
    ],
    [
      'certificates with a protocol without',
      { protocol: 'SASL_PLAINTEXT', ssl: {}, sasl: user },
      'ssl needs protocol SSL or SASL_SSL',
    ],
    ['a certificate without its key', { protocol: 'SSL', ssl: { cert: 'a' } }, 'give ssl.cert and ssl.key'],
    ['a file that is not there', { protocol: 'SSL', ssl: { ca: 'no/such.pem' } }, 'no/such.pem cannot be read: ENOENT'],
  ])('refuses %s', async (_, security, message) => {
    await expect(readSecurity(security)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message),
    });
    await expect(readSecurity(security)).rejects.not.toMatchObject({ message: expect.stringContaining('canary') });
  });

  it('refuses a key of another kind than that of the certificate, which TLS would pass over in silence', async () => {
    const key = join(folder, 'other.key');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await expect(readSecurity({ protocol: 'SSL', ssl: { cert: CERT, key } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      path: 'security.ssl.key',
      message: 'security: the key in ssl.key is not that of the certificate in ssl.cert',
    });
  });

  it.each([
    ['a certificate in the place of the key', CERT, CERT],
    ['a key in the place of the certificate', KEY, KEY],
  ])('refuses %s, and says what each has to be', async (_, cert, key) => {
    await expect(readSecurity({ protocol: 'SSL', ssl: { cert, key } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('ssl.cert has "BEGIN CERTIFICATE", and ssl.key "BEGIN PRIVATE KEY"'),
    });
  });

  it('refuses a certificate that is not in PEM form, and says how to make it so', async () => {
    await expect(readSecurity({ protocol: 'SSL', ssl: { ca: join(folder, 'ca.der') } })).rejects.toThrow(
      'openssl x509',
    );
  });
});

it.each([
  ['broker.example', 'broker.example'],
  ['127.0.0.1', undefined],
  ['::1', undefined],
])('the name that a certificate is asked for, for %s, is %s', (host, name) => {
  expect(serverNameOf(host)).toBe(name);
});
