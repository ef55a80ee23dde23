import { gunzipSync, inflateSync } from 'node:zlib';
import { codeOf } from '../source-failure.ts';
import { IntakeRefusal } from './intake-outcome.ts';

/** Header fields by lower-case name, as Node gives them. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** How events stand in a request. */
export type BodyKind = 'json' | 'ndjson' | 'cloud-event' | 'cloud-events';

const KINDS: Readonly<Record<string, BodyKind>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/cloudevents+json': 'cloud-event',
  'application/cloudevents-batch+json': 'cloud-events',
};

/**
 * How the events of a request are to be read, by its content type.
 * @throws IntakeRefusal 415 for anything unknown.
 */
export function bodyKindOf(headers: RequestHeaders): BodyKind {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const kind = Object.hasOwn(KINDS, type.trim()) ? KINDS[type.trim()] : undefined;
  if (kind === undefined) {
    const found = type.trim() === '' ? 'there is none' : `found ${JSON.stringify(type.trim())}`;
    throw refusal(415, `the content type must be one of ${Object.keys(KINDS).join(', ')}; ${found}`);
  }
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.trim() === 'charset' && !/^"?(utf-8|us-ascii)"?$/.test(value.trim())) {
      throw refusal(415, 'the charset must be utf-8');
    }
  }
  return kind;
}

/**
 * The body as it was before `content-encoding`: gzip, deflate or none.
 * @throws IntakeRefusal 413 if there is more than `maxBytes` of it, however small it was packed; 415 for another
 * encoding; 400 for a damaged one.
 */
export function decodedBody(body: Uint8Array, headers: RequestHeaders, maxBytes: number): Uint8Array {
  if (body.length > maxBytes) throw tooLarge(maxBytes);
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return body;
  if (encoding !== 'gzip' && encoding !== 'deflate') {
    throw refusal(415, 'the content encoding must be gzip, deflate or identity');
  }
  try {
    return (encoding === 'gzip' ? gunzipSync : inflateSync)(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    const message = `The body is not sound ${encoding} data.`;
    throw new IntakeRefusal({ status: 400, accepted: 0, rejected: [{ index: 0, reason: 'malformed', message }] });
  }
}

function tooLarge(maxBytes: number): IntakeRefusal {
  return refusal(413, `a request may have at most ${String(maxBytes)} bytes after decompression; send fewer events`);
}

function refusal(status: 413 | 415, message: string): IntakeRefusal {
  return new IntakeRefusal({ status, message });
}
