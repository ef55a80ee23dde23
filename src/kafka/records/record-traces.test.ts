import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RECORD_BYTES } from '../../event/record-block.ts';
import type { TraceContext } from '../../telemetry/trace-context.ts';
import { batchBytes, type WrittenRecord } from './batch-fixtures.contract.ts';
import { BATCH_HEADER_BYTES, RecordBatch } from './record-batch.ts';
import { emptyColumns, RecordWalker, type RecordColumns } from './record-columns.ts';
import { recordedTraces } from './record-traces.ts';

const SPAN = 'b7ad6b7169203331';
const traceId = (number: number): string => number.toString(16).padStart(32, '0');
const parent = (number: number, flags = '01'): string => `00-${traceId(number)}-${SPAN}-${flags}`;
const contextOf = (number: number): TraceContext => ({ traceId: traceId(number), spanId: SPAN, traceFlags: 1 });

type Headers = NonNullable<WrittenRecord['headers']>;

function walked(bytes: Buffer): RecordColumns {
  const batch = new RecordBatch();
  batch.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
  const walker = new RecordWalker();
  walker.begin(bytes, BATCH_HEADER_BYTES, batch.end, batch.baseOffset, batch.recordCount);
  const columns = emptyColumns(100);
  walker.fill(columns, 0);
  return columns;
}

function tracesOf(...records: readonly WrittenRecord[]): [number, TraceContext][] | undefined {
  const bytes = batchBytes({ baseOffset: 0, records });
  const traces = recordedTraces(walked(bytes), bytes);
  return traces && [...traces];
}

const ofHeaders = (...headers: Headers): TraceContext | undefined => tracesOf({ value: 'v', headers })?.[0]?.[1];

describe('the traces of records', () => {
  it('are those of their own headers, by their index', () => {
    const key = Buffer.from('traceparent');
    const found = tracesOf(
      { value: 'a' },
      { key, value: 'b', headers: [['traceparent', parent(1)]] },
      { value: 'c', headers: [['other', parent(9)]] },
      { value: '', headers: [['traceparent', parent(2)]] },
      { key, value: null, headers: [['traceparent', parent(3)]] },
      { key, value: parent(9) },
    );
    expect(found).toEqual([
      [1, contextOf(1)],
      [3, contextOf(2)],
      [4, contextOf(3)],
    ]);
  });

  it('are found behind a value of which only the beginning is given', () => {
    const long = { value: 'x'.repeat(MAX_RECORD_BYTES + 300), headers: [['traceparent', parent(1)]] } as const;
    expect(tracesOf(long, { value: 'b', headers: [['traceparent', parent(2)]] })).toEqual([
      [0, contextOf(1)],
      [1, contextOf(2)],
    ]);
  });

  it('are nothing at all where no record has one that is to be recorded', () => {
    expect(tracesOf({ value: 'a' }, { value: 'b', headers: [['traceparent', parent(1, '00')]] })).toBeUndefined();
  });

  it.each<[string, Headers]>([
    [
      'among other headers',
      [
        ['a', '1'],
        ['traceparent', parent(1)],
        ['', null],
        ['b', 'x'.repeat(300)],
      ],
    ],
    [
      'as the last of its name',
      [
        ['traceparent', parent(7)],
        ['traceparent', 'x'],
        ['traceparent', parent(1)],
      ],
    ],
    ['in capital letters', [['TRACEPARENT', parent(1)]]],
    ['in mixed letters', [['TraceParent', parent(1)]]],
    [
      'beside headers that are not ASCII',
      [
        ['tracepärent', parent(7)],
        ['ключ', 'значение'],
        ['traceparent', parent(1)],
      ],
    ],
    [
      'beside a tracestate that is not ASCII',
      [
        ['tracestate', 'käse=1'],
        ['traceparent', parent(1)],
      ],
    ],
    [
      'beside a tracestate that is too long',
      [
        ['tracestate', `a=${'1'.repeat(600)}`],
        ['traceparent', parent(1)],
      ],
    ],
    [
      'beside a tracestate that is null',
      [
        ['tracestate', null],
        ['traceparent', parent(1)],
      ],
    ],
  ])('are found %s', (_where, headers) => {
    expect(ofHeaders(...headers)).toEqual(contextOf(1));
  });

  it.each(['01', '03', '09', '0b', '0d', '0f', 'ff'])('are recorded with the flags %s', (flags) => {
    expect(ofHeaders(['traceparent', parent(1, flags)])).toMatchObject({ traceFlags: Number.parseInt(flags, 16) });
  });

  it.each(['00', '02', '08', '0a', '0c', '0e', 'fe'])('are not recorded with the flags %s', (flags) => {
    expect(ofHeaders(['traceparent', parent(1, flags)])).toBeUndefined();
  });

  it.each<[string, Uint8Array | string | null]>([
    ['null', null],
    ['empty', ''],
    ['short', parent(1).slice(0, 54)],
    ['no trace', 'x'.repeat(55)],
    ['of zeros', parent(0)],
    ['in capital letters', parent(0xabc).toUpperCase()],
    ['longer than its version has it', `${parent(1)}-01`],
    ['longer than any', `cc${parent(1).slice(2)}-${'x'.repeat(600)}`],
    ['not ASCII', parent(1).replace('b7', 'ä')],
    ['of bytes that are no text', Buffer.alloc(55, 0xff)],
    ['that of no trace behind one', parent(1, '0g')],
  ])('are none where traceparent is %s', (_what, value) => {
    expect(ofHeaders(['traceparent', value])).toBeUndefined();
    expect(ofHeaders(['traceparent', parent(2)], ['traceparent', value])).toBeUndefined();
  });

  it('have what tracing systems add', () => {
    const headers: Headers = [
      ['tracestate', 'old=1'],
      ['traceparent', parent(1)],
      ['TraceState', 'vendor=1,other=2'],
    ];
    expect(ofHeaders(...headers)).toEqual({ ...contextOf(1), traceState: 'vendor=1,other=2' });
    expect(ofHeaders(['tracestate', 'vendor=1'])).toBeUndefined();
  });
});

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('traceparent', 'tracestate', 'Traceparent'));
const value = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.tuple(fc.integer({ min: 1, max: 99 }), fc.constantFrom('00', '01')).map(([n, flags]) => parent(n, flags)),
);
const drawnRecords = fc.array(
  fc.record({
    key: fc.option(fc.string({ maxLength: 200 }).map((key) => Buffer.from(key))),
    value: fc.option(fc.string({ maxLength: 200 })),
    headers: fc.array(fc.tuple(text, fc.option(value)), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('whatever stands in headers', () => {
  it('the last traceparent of each record counts', () => {
    fc.assert(
      fc.property(drawnRecords, (records) => {
        const expected = records.flatMap(({ headers }, index): [number, string][] => {
          const last = headers.findLast(([name]) => name.toLowerCase() === 'traceparent')?.[1] ?? '';
          const [, id] = /^00-(.{32})-.{16}-01$/.exec(last) ?? [];
          return id === undefined ? [] : [[index, id]];
        });
        expect((tracesOf(...records) ?? []).map(([index, context]) => [index, context.traceId])).toEqual(expected);
      }),
    );
  });

  it('broken ones are no trace, and none is taken for that of another record that is as it was', () => {
    const headers: Headers = [['traceparent', parent(1)]];
    const whole = batchBytes({
      baseOffset: 0,
      records: [{ value: 'a', headers }, { value: 'b' }, { value: 'c', headers }],
    });
    const columns = walked(whole);
    // From the number of headers of the first record to its end.
    const from = columns.ends[0] ?? 0;
    const to = from + 2 + 'traceparent'.length + 2;
    fc.assert(
      fc.property(fc.integer({ min: from, max: to - 1 }), fc.nat(255), (at, byte) => {
        const altered = Buffer.from(whole);
        altered[at] = byte;
        const traces = recordedTraces(columns, altered);
        expect(traces?.get(1)).toBeUndefined();
        expect(traces?.get(2)).toEqual(contextOf(1));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['more headers than there are', [0xfe, 0xff, 0xff, 0xff, 0x0f]],
    ['a name longer than the record', [2, 0xfe, 0xff, 0xff, 0xff, 0x0f]],
    ['a name of less than no bytes', [2, 1]],
    ['a value longer than the record', [2, 2, 97, 0xfe, 0xff, 0xff, 0xff, 0x0f]],
    ['a number without an end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['fewer than no headers', [1]],
    ['nothing', []],
  ])('%s ends the walk', (_what, headers) => {
    const bytes = Uint8Array.from([...Buffer.from('v'), ...headers]);
    const columns = { ...emptyColumns(1), count: 1 };
    columns.ends[0] = 1;
    expect(recordedTraces(columns, bytes)).toBeUndefined();
  });
});
