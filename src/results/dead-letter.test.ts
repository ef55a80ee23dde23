import { describe, expect, it } from 'vitest';
import { Window } from '../event/window.ts';
import { DeadLetter } from './dead-letter.ts';
import { LateEvent, type LateEventInit } from './late-event.ts';

// Only a part of a larger array: the bytes around it are other records.
const block = new TextEncoder().encode('xx{"a":1}\u0000yy');
const raw = block.subarray(2, 9);
const RAW_BASE64 = 'eyJhIjoxfQ==';

describe('a dead letter', () => {
  it('as JSON has the documented form with the bytes of its record alone', () => {
    const letter = new DeadLetter({
      code: 'missing_timestamp',
      message: 'There is nothing at "timestamp".',
      path: 'timestamp',
      partition: 'events.ndjson',
      offset: 42,
      raw,
      timestamp: 0,
    });
    expect(JSON.stringify(letter)).toBe(
      JSON.stringify({
        error: { code: 'missing_timestamp', message: 'There is nothing at "timestamp".', path: 'timestamp' },
        source: { partition: 'events.ndjson', offset: 42 },
        raw: RAW_BASE64,
        timestamp: '1970-01-01T00:00:00.000Z',
      }),
    );
  });

  it('keeps bytes that are no text', () => {
    const letter = new DeadLetter({
      code: 'invalid_utf8',
      message: 'not UTF-8',
      path: null,
      partition: 'p',
      offset: 0,
      raw: Uint8Array.of(0xff, 0x00, 0xfe),
      timestamp: 0,
    });
    expect(JSON.parse(JSON.stringify(letter))).toMatchObject({ error: { path: null }, raw: '/wD+' });
  });
});

describe('a late event', () => {
  const init: LateEventInit = {
    window: new Window(0, 10_000),
    eventTime: 4000,
    watermark: 15_500,
    partition: 'p0',
    offset: 7,
    raw,
    data: undefined,
    timestamp: 20_000,
  };
  const late = new LateEvent(init);

  it('knows how far behind the watermark it was', () => {
    expect(late.latenessMs).toBe(11_500);
  });

  it('as JSON is a dead letter with its window, watermark and lateness', () => {
    expect(JSON.stringify(late)).toBe(
      JSON.stringify({
        error: { code: 'late', message: 'The event came after its window had closed.', path: null },
        source: { partition: 'p0', offset: 7 },
        window: { start: '1970-01-01T00:00:00.000Z', end: '1970-01-01T00:00:10.000Z', key: null },
        watermark: '1970-01-01T00:00:15.500Z',
        lateness_ms: 11_500,
        raw: RAW_BASE64,
        timestamp: '1970-01-01T00:00:20.000Z',
      }),
    );
  });

  it('of a watermark at the end of input is infinitely late, null in JSON', () => {
    const last = new LateEvent({ ...init, watermark: Infinity });
    expect(JSON.parse(JSON.stringify(last))).toMatchObject({ watermark: '+infinity', lateness_ms: null });
  });
});
