import type { ByteBlock } from '../../event/record-block.ts';
import { createFramer, type StreamFormat } from '../framing/stream-format.ts';
import { eventOfBinaryMode, eventOfEnvelope, isBinaryMode } from './cloud-event.ts';
import { checkEvent } from './event-check.ts';
import type { IntakeRejection } from './intake-outcome.ts';
import { bodyKindOf, decodedBody, type BodyKind, type RequestHeaders } from './request-body.ts';

/** A further look at an event that is a JSON object; null if it is sound. */
export type EventCheck = (event: Uint8Array) => IntakeRejection | null;

/** What a request holds, each event with its place: its bytes, or why it is refused. */
export type RequestEvent = Uint8Array | IntakeRejection;

/**
 * The events of a request, each looked at on its own.
 * @throws IntakeRefusal where the request as a whole cannot be used.
 */
export function eventsOf(
  body: Uint8Array,
  headers: RequestHeaders,
  maxBytes: number,
  check: EventCheck | null,
): readonly RequestEvent[] {
  const kind = bodyKindOf(headers);
  const bytes = decodedBody(body, headers, maxBytes);
  const events =
    kind === 'json' && isBinaryMode(headers)
      ? [eventOfBinaryMode(bytes, headers)]
      : recordsOf(bytes, kind === 'ndjson' ? 'ndjson' : 'json').map((record) => eventOf(record, kind));
  if (events.length === 0 && !isEmptyList(bytes)) {
    return [{ reason: 'not_json', message: 'The body is empty.' }];
  }
  return check === null
    ? events
    : events.map((event) => (event instanceof Uint8Array ? (check(event) ?? event) : event));
}

function eventOf(record: RequestEvent, kind: BodyKind): RequestEvent {
  if (!(record instanceof Uint8Array)) return record;
  if (kind === 'cloud-event' || kind === 'cloud-events') return eventOfEnvelope(record);
  const event = checkEvent(record);
  return 'reason' in event ? event : record;
}

function recordsOf(body: Uint8Array, format: StreamFormat): RequestEvent[] {
  const framer = createFramer(format, { maxBlockRecords: 1024 });
  const records: RequestEvent[] = [];
  framer.push(body);
  framer.end();
  for (let block = framer.take(0); block !== null; block = framer.take(0)) {
    for (let index = 0; index < block.count; index += 1) records.push(recordOf(block, index));
  }
  return records;
}

function recordOf(block: ByteBlock, index: number): RequestEvent {
  return block.faults?.get(index) ?? block.bytes.subarray(block.starts[index], block.ends[index]);
}

/** True for `[]`, which is sound and holds nothing. */
function isEmptyList(body: Uint8Array): boolean {
  return /^\s*\[/.test(Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, 1024)).toString('latin1'));
}
