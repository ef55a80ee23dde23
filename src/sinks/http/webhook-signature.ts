import { createHmac } from 'node:crypto';
import { ProcessorError } from '../../errors/processor-error.ts';

const PREFIX = 'whsec_';
/** Fewer could be found by trying. */
const LEAST_BYTES = 16;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The bytes of a secret: behind `whsec_` those that its base64 stands for, else those of its text.
 * @throws ProcessorError CONFIG_INVALID; its message never holds the secret.
 */
export function keyOfSecret(secret: string): Buffer {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : undefined;
  if (encoded !== undefined && !BASE64.test(encoded))
    throw invalid(`has something else than base64 behind "${PREFIX}"`);
  const key = encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64');
  if (key.length >= LEAST_BYTES) return key;
  throw invalid(`has ${String(key.length)} bytes, and at least ${String(LEAST_BYTES)} are needed`);
}

/**
 * The value of `webhook-signature` (Standard Webhooks 1.0): for each key the HMAC-SHA256 of id, time and body.
 * @param timestampSecs since 1970.
 */
export function signatureOf(keys: readonly Buffer[], id: string, timestampSecs: number, body: string): string {
  const signed = `${id}.${String(timestampSecs)}.${body}`;
  return keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`).join(' ');
}

function invalid(what: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', `the secret of an HTTP sink ${what}`);
}
