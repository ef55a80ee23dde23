import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { KafkaSecurity } from './kafka-settings.ts';

/** What a connection is encrypted and authenticated with: {@link KafkaSecurity}, checked, with its files read. */
export interface ConnectionSecurity {
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly sasl?: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
    readonly username: string;
    readonly password: string;
  };
}

/**
 * Checks settings of security and reads the files that they name.
 *
 * @throws ProcessorError CONFIG_INVALID for what does not go together, or a file that cannot be read.
 */
export async function readSecurity(security: KafkaSecurity = {}): Promise<ConnectionSecurity> {
  const { protocol = 'PLAINTEXT', ssl, sasl } = security;
  const encrypted = protocol === 'SSL' || protocol === 'SASL_SSL';
  const authenticated = protocol === 'SASL_PLAINTEXT' || protocol === 'SASL_SSL';
  if (sasl !== undefined && !authenticated) {
    throw refused('sasl', `sasl needs protocol SASL_SSL or SASL_PLAINTEXT, found ${protocol}`);
  }
  if (ssl !== undefined && !encrypted) throw refused('ssl', `ssl needs protocol SSL or SASL_SSL, found ${protocol}`);
  if ((ssl?.cert === undefined) !== (ssl?.key === undefined)) {
    throw refused(
      'ssl',
      'a certificate of the client needs its key, and a key its certificate: give ssl.cert and ssl.key',
    );
  }
  return {
    ...(encrypted ? { tls: await readFiles(ssl) } : {}),
    ...(authenticated ? { sasl: checkedSasl(sasl, protocol, encrypted) } : {}),
  };
}

/** The name that a broker's certificate is asked for: none for an address of IP, for which TLS has no such name. */
export function serverNameOf(host: string): string | undefined {
  return isIP(host) === 0 ? host : undefined;
}

function checkedSasl(
  sasl: KafkaSecurity['sasl'],
  protocol: string,
  encrypted: boolean,
): NonNullable<ConnectionSecurity['sasl']> {
  if (sasl === undefined) throw refused('sasl', `protocol ${protocol} needs sasl.username and sasl.password`);
  const { mechanism = 'SCRAM-SHA-512', username, password } = sasl;
  if (mechanism === 'PLAIN' && !encrypted) {
    throw refused('sasl.mechanism', 'PLAIN sends the password as it is: use protocol SASL_SSL, or SCRAM-SHA-512');
  }
  return { mechanism, username, password };
}

async function readFiles(ssl: KafkaSecurity['ssl'] = {}): Promise<NonNullable<ConnectionSecurity['tls']>> {
  const files: Record<string, Buffer> = {};
  for (const part of ['ca', 'cert', 'key'] as const) {
    const path = ssl[part];
    if (path === undefined) continue;
    try {
      files[part] = await readFile(path);
    } catch (error) {
      throw refused(`ssl.${part}`, unreadable(part, path, error));
    }
    if (!files[part].includes('-----BEGIN ')) {
      const advice = '"openssl x509 -inform der" or "openssl pkcs12" makes it so';
      throw refused(`ssl.${part}`, `${part === 'key' ? 'the file of ssl.key' : path} is not in PEM form; ${advice}`);
    }
  }
  if (files['key'] !== undefined && files['cert'] !== undefined) checkPair(files['cert'], files['key']);
  return files;
}

/** A key that is not that of the certificate would be passed over in silence. */
function checkPair(cert: Buffer, key: Buffer): void {
  let isPair: boolean;
  try {
    isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    const advice = 'ssl.cert has "BEGIN CERTIFICATE", and ssl.key "BEGIN PRIVATE KEY" without a passphrase';
    throw refused('ssl', `the certificate or the key of the client cannot be used: ${messageOf(error)}; ${advice}`);
  }
  if (!isPair) throw refused('ssl.key', 'the key in ssl.key is not that of the certificate in ssl.cert');
}

/** In the place of a file's name the key itself may have been given. */
function unreadable(part: 'ca' | 'cert' | 'key', path: string, error: unknown): string {
  if (part !== 'key') return `${path} cannot be read: ${messageOf(error)}`;
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return `ssl.key is the name of a file, and that file cannot be read${code}`;
}

function refused(path: string, message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', `security: ${message}`, { path: `security.${path}` });
}
