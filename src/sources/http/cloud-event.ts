import { checkEvent, isObject, kindOf } from './event-check.ts';
import type { IntakeRejection } from './intake-outcome.ts';
import { memberBytes } from './member-bytes.ts';
import type { RequestHeaders } from './request-body.ts';

/** Attributes that CloudEvents 1.0 requires. */
const REQUIRED = ['id', 'source', 'specversion', 'type'];

/**
 * The event in a CloudEvents 1.0 envelope, structured mode: the bytes of its `data`, which must be a JSON object
 * (`data_base64` is decoded). If that has no field `timestamp`, it is given the envelope's `time` as one. The other
 * attributes are about the way the event has come, and are left behind.
 */
export function eventOfEnvelope(bytes: Uint8Array): Uint8Array | IntakeRejection {
  const envelope = checkEvent(bytes);
  if ('reason' in envelope) return envelope;
  const attributes = envelope.object;
  const problem = attributeProblem((name) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined));
  if (problem !== null) return problem;
  const time = Object.hasOwn(attributes, 'time') ? attributes['time'] : undefined;
  if (Object.hasOwn(attributes, 'data_base64')) {
    const encoded = attributes['data_base64'];
    if (typeof encoded !== 'string') return refuse(`data_base64 must be text, found ${kindOf(encoded)}.`);
    return withTimestamp(Buffer.from(encoded, 'base64'), time);
  }
  if (!isObject(attributes['data'])) {
    const found = Object.hasOwn(attributes, 'data') ? kindOf(attributes['data']) : 'nothing';
    return refuse(`data must be a JSON object, found ${found}.`);
  }
  return withTimestamp(memberBytes(bytes, 'data') ?? new Uint8Array(), time);
}

/** True if the attributes of a CloudEvents envelope are in the headers: binary mode. */
export function isBinaryMode(headers: RequestHeaders): boolean {
  return headers['ce-specversion'] !== undefined;
}

/** The event of a request in binary mode: the body, with `ce-time` as its `timestamp` if it has none. */
export function eventOfBinaryMode(body: Uint8Array, headers: RequestHeaders): Uint8Array | IntakeRejection {
  const problem = attributeProblem((name) => headers[`ce-${name}`]);
  return problem ?? withTimestamp(body, headers['ce-time']);
}

function attributeProblem(attribute: (name: string) => unknown): IntakeRejection | null {
  for (const name of REQUIRED) {
    const value = attribute(name);
    if (typeof value === 'string' && value !== '') continue;
    return refuse(`The attribute "${name}" is missing, or is no text.`);
  }
  const version = attribute('specversion');
  return version === '1.0' ? null : refuse(`specversion must be "1.0", found ${JSON.stringify(version)}.`);
}

function withTimestamp(data: Uint8Array, time: unknown): Uint8Array | IntakeRejection {
  const event = checkEvent(data);
  if ('reason' in event) return event;
  if (typeof time !== 'string' || Object.hasOwn(event.object, 'timestamp')) return data;
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8');
  const fields = text.slice(text.indexOf('{') + 1);
  const comma = Object.keys(event.object).length > 0 ? ',' : '';
  return Buffer.from(`{"timestamp":${JSON.stringify(time)}${comma}${fields}`);
}

function refuse(why: string): IntakeRejection {
  return { reason: 'malformed', message: `No sound CloudEvent: ${why}` };
}
