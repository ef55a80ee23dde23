import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A key and its certificate, in PEM. */
export interface Identity {
  readonly key: string;
  readonly certificate: string;
}

/** An authority, and what it vouches for. Valid for a day, so that nobody comes to rely on it. */
export interface Certificates {
  readonly authority: Identity;
  /** For 127.0.0.1 and localhost. */
  readonly server: Identity;
  readonly client: Identity;
}

const [SEQUENCE, SET, BOOLEAN, INTEGER, BITS, OCTETS, OBJECT, TEXT, TIME] = [
  0x30, 0x31, 0x01, 0x02, 0x03, 0x04, 0x06, 0x0c, 0x18,
];
const [CONTEXT, CONSTRUCTED] = [0x80, 0xa0];
const DAY_MS = 86_400_000;

/** Object identifiers, encoded: X.520, X.509 (RFC 5280) and ECDSA with SHA-256 (RFC 5758). */
const OIDS = {
  commonName: '550403',
  basicConstraints: '551d13',
  alternativeNames: '551d11',
  ecdsaWithSha256: '2a8648ce3d040302',
} as const;

/** One value of the Distinguished Encoding Rules (X.690). */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  let size = [length];
  if (length > 0xff) size = [0x82, length >> 8, length & 0xff];
  else if (length > 0x7f) size = [0x81, length];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function oid(name: keyof typeof OIDS): Buffer {
  return der(OBJECT, Buffer.from(OIDS[name], 'hex'));
}

function nameOf(commonName: string): Buffer {
  return der(SEQUENCE, der(SET, der(SEQUENCE, oid('commonName'), der(TEXT, Buffer.from(commonName)))));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(TIME, Buffer.from(digits));
}

function bits(content: Uint8Array): Buffer {
  return der(BITS, Buffer.from([0]), content);
}

function extension(name: keyof typeof OIDS, value: Buffer): Buffer {
  return der(SEQUENCE, oid(name), der(OCTETS, value));
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** Who signs: a name and its key. */
interface Signer {
  readonly commonName: string;
  readonly key: KeyObject;
}

/** Makes a key for a name and has it certified; without a signer it certifies itself. */
function certify(commonName: string, extensions: Buffer, signer?: Signer): Identity & { readonly signer: Signer } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = signer ?? { commonName, key: privateKey };
  const now = Date.now();
  const algorithm = der(SEQUENCE, oid('ecdsaWithSha256'));
  const version3 = der(CONSTRUCTED, der(INTEGER, Buffer.from([2])));
  const toBeSigned = der(
    SEQUENCE,
    version3,
    der(INTEGER, Buffer.from([1]), randomBytes(8)),
    algorithm,
    nameOf(issuer.commonName),
    der(SEQUENCE, time(now - DAY_MS), time(now + DAY_MS)),
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(CONSTRUCTED | 3, der(SEQUENCE, extensions)),
  );
  const certificate = der(SEQUENCE, toBeSigned, algorithm, bits(sign('sha256', toBeSigned, issuer.key)));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem('CERTIFICATE', certificate),
    signer: { commonName, key: privateKey },
  };
}

/** Makes an authority, a server on the loopback address, and a client whose common name is given. */
export function makeCertificates(clientName: string): Certificates {
  const isAuthority = der(SEQUENCE, der(BOOLEAN, Buffer.from([0xff])));
  const isNone = extension('basicConstraints', der(SEQUENCE));
  const names = der(
    SEQUENCE,
    der(CONTEXT | 2, Buffer.from('localhost')),
    der(CONTEXT | 7, Buffer.from([127, 0, 0, 1])),
  );
  const { signer, ...authority } = certify('Test authority', extension('basicConstraints', isAuthority));
  const { signer: _server, ...server } = certify('localhost', extension('alternativeNames', names), signer);
  const { signer: _client, ...client } = certify(clientName, isNone, signer);
  return { authority, server, client };
}
