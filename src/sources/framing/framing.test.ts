import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RECORD_BYTES, type ByteBlock } from '../../event/record-block.ts';
import type { Framer } from './framer.ts';
import { createFramer, type FramerResumption, type StreamFormat } from './stream-format.ts';

interface Framed {
  readonly offset: number;
  readonly text: string;
  readonly fault?: string;
}

interface Place {
  readonly offset: number;
  readonly resumption: FramerResumption;
  /** Records before it. */
  readonly index: number;
}

function recordsOf(block: ByteBlock): Framed[] {
  return Array.from({ length: block.count }, (_, index) => {
    const text = Buffer.from(block.bytes.subarray(block.starts[index], block.ends[index])).toString('latin1');
    const fault = block.faults?.get(index)?.reason;
    return { offset: block.offsets[index] ?? -1, text, ...(fault === undefined ? {} : { fault }) };
  });
}

function drain(framer: Framer, records: Framed[], places: Place[]): void {
  for (let block = framer.take(0); block !== null; block = framer.take(0)) {
    records.push(...recordsOf(block));
    const resumption = { state: framer.state, format: block.format };
    places.push({ offset: block.nextOffset, resumption, index: records.length });
  }
}

function frame(
  format: StreamFormat,
  pieces: readonly Uint8Array[],
  options: { maxBlockRecords?: number; offset?: number; resumption?: FramerResumption } = {},
): { records: Framed[]; places: Place[]; framer: Framer } {
  const framer = createFramer(format, { maxBlockRecords: 1000, ...options });
  const records: Framed[] = [];
  const places: Place[] = [];
  for (const piece of pieces) {
    framer.push(piece);
    drain(framer, records, places);
  }
  framer.end();
  drain(framer, records, places);
  return { records, places, framer };
}

function texts(format: StreamFormat, input: string): string[] {
  return frame(format, [Buffer.from(input)]).records.map(({ text, fault }) =>
    fault === undefined ? text : `!${text}`,
  );
}

/** Cuts bytes at the given places, each in memory of its own, as they would come from a file or a socket. */
function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const bounds = [0, ...cuts.map((at) => at % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return bounds.slice(1).map((end, index) => bytes.slice(bounds[index], end));
}

const ALPHABETS: Readonly<Record<StreamFormat, readonly string[]>> = {
  ndjson: ['a', '{"x":1}', ' ', '\t', '\r', '\n', '\r\n', '\uFEFF', 'é'],
  json: ['{', '}', '[', ']', ',', ':', '"', '\\', '\n', ' ', '1', 'x', '{"a":1}', '"k":', '[1]', '\uFEFF', '},\n{'],
  csv: ['a', ',', '"', '""', '\r', '\n', '\r\n', '1', '"a\n"', '\uFEFF'],
};

const FORMATS: readonly StreamFormat[] = ['ndjson', 'json', 'csv'];

describe.each(FORMATS)('framing of %s', (format) => {
  const input = fc
    .array(fc.constantFrom(...ALPHABETS[format]), { maxLength: 60 })
    .map((parts) => Buffer.from((format === 'csv' ? 'h\n' : '') + parts.join('')));
  const cuts = fc.array(fc.nat(200), { maxLength: 12 });

  it('gives the same records and offsets however the bytes are cut', () => {
    fc.assert(
      fc.property(input, cuts, fc.integer({ min: 1, max: 4 }), (bytes, at, maxBlockRecords) => {
        const whole = frame(format, [bytes]).records;
        expect(frame(format, cut(bytes, at), { maxBlockRecords }).records).toEqual(whole);
        expect(
          frame(
            format,
            Array.from(bytes, (byte) => Uint8Array.of(byte)),
          ).records,
        ).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  it('goes on at the end of any block with exactly the rest', () => {
    fc.assert(
      fc.property(input, cuts, fc.integer({ min: 1, max: 5 }), (bytes, at, maxBlockRecords) => {
        const { records, places } = frame(format, cut(bytes, at), { maxBlockRecords });
        for (const { offset, resumption, index } of places) {
          const rest = frame(format, [bytes.subarray(offset)], { offset, resumption }).records;
          expect(rest).toEqual(records.slice(index));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives records whose offsets rise and whose bytes stand at their offsets', () => {
    fc.assert(
      fc.property(input, cuts, (bytes, at) => {
        const { records } = frame(format, cut(bytes, at));
        let last = -1;
        for (const { offset, text } of records) {
          expect(offset).toBeGreaterThan(last);
          expect(bytes.toString('latin1', offset, offset + text.length)).toBe(text);
          last = offset;
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([[65_536], [262_144], [MAX_RECORD_BYTES - 1], [10_000_000]])(
    'marks a record of over 1 MiB, keeps its first MiB and goes on, in pieces of %i bytes',
    (pieceBytes) => {
      const long = `{"x":"${'y'.repeat(3 * MAX_RECORD_BYTES)}"}`;
      const row = format === 'csv' ? 'z'.repeat(3 * MAX_RECORD_BYTES) : long;
      const bytes = Buffer.from(`${format === 'csv' ? 'h\n' : ''}{}\n${row}\n{"b":2}\n`);
      const pieces = cut(
        bytes,
        Array.from({ length: Math.floor(bytes.length / pieceBytes) }, (_, i) => (i + 1) * pieceBytes),
      );
      const { records } = frame(format, pieces);
      expect(records.map((record) => record.fault)).toEqual([undefined, 'too_large', undefined]);
      expect(records[1]?.text === row.slice(0, MAX_RECORD_BYTES)).toBe(true);
      expect(records[2]?.text).toBe('{"b":2}');
      expect(records[2]?.offset).toBe(bytes.length - 8);
    },
  );

  it.each([
    [0, undefined],
    [1, 'too_large'],
  ])('takes a record of 1 MiB and %i bytes (fault: %s), with CRLF cut anywhere around its end', (extra, fault) => {
    const row = `{"x":"${'y'.repeat(MAX_RECORD_BYTES + extra - 8)}"}`;
    const prefix = format === 'csv' ? 'h\n' : '';
    const bytes = Buffer.from(`${prefix}${row}\r\n{}`);
    for (const at of [-1, 0, 1, 2]) {
      const { records } = frame(format, cut(bytes, [prefix.length + row.length + at]));
      expect(records.map((record) => record.fault)).toEqual([fault, undefined]);
      expect(records[0]?.text.length).toBe(MAX_RECORD_BYTES);
    }
  });

  it('drops a byte order mark at the start', () => {
    const bytes = Buffer.from(format === 'csv' ? '\uFEFFa,b\n1,2\n' : '\uFEFF{"a":1}\n');
    const { records, framer } = frame(format, cut(bytes, [1, 2]));
    expect(records.length).toBe(1);
    expect(records[0]?.text).toBe(format === 'csv' ? '1,2' : '{"a":1}');
    if (format === 'csv') expect(framer.format).toEqual({ type: 'csv', header: ['a', 'b'] });
  });
});

describe('framing of NDJSON', () => {
  it.each([
    ['LF', '{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['CRLF', '{"a":1}\r\n{"a":2}\r\n', ['{"a":1}', '{"a":2}']],
    ['no newline at the end', '{"a":1}\n{"a":2}', ['{"a":1}', '{"a":2}']],
    ['blank lines', '\n\r\n  \t\n{"a":1}\n\n', ['{"a":1}']],
    ['a broken line, left to the decoder', '{"a":\n{"a":2}\n', ['{"a":', '{"a":2}']],
    ['nothing', '', []],
  ])('takes lines: %s', (_, input, expected) => {
    expect(texts('ndjson', input)).toEqual(expected);
  });

  it('counts offsets in bytes from the start of the stream', () => {
    const { records, places } = frame('ndjson', [Buffer.from('é\n\nab\r\nc')], { maxBlockRecords: 2 });
    expect(records.map((record) => record.offset)).toEqual([0, 4, 8]);
    expect(places.map((place) => place.offset)).toEqual([8, 9]);
  });

  it('goes on after the last whole line, however much of the next one has come', () => {
    const framer = createFramer('ndjson', { maxBlockRecords: 10 });
    framer.push(Buffer.from('ab\ncd\nef'));
    expect(framer.take(0)).toMatchObject({ count: 2, nextOffset: 6 });
  });

  it('holds no more than a few MiB of a line that never ends', () => {
    const framer = createFramer('ndjson', { maxBlockRecords: 10 });
    const piece = Buffer.alloc(262_144, 'x');
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 1000; i += 1) {
      framer.push(piece);
      expect(framer.take(0)).toBeNull();
    }
    expect(framer.offset).toBe(262_144_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MAX_RECORD_BYTES);
  });

  it('leaves a block as it was while later ones are made', () => {
    const framer = createFramer('ndjson', { maxBlockRecords: 10 });
    framer.push(Buffer.from('first\nsec'));
    const first = framer.take(0);
    for (const piece of ['ond\nthi', 'rd\n', 'x'.repeat(100_000), '\n']) {
      framer.push(Buffer.from(piece));
      framer.take(0);
    }
    expect(first === null ? [] : recordsOf(first)).toEqual([{ offset: 0, text: 'first' }]);
  });

  it('closes a block at about 256 KiB', () => {
    const framer = createFramer('ndjson', { maxBlockRecords: 1_000_000 });
    framer.push(Buffer.from(`${'x'.repeat(99)}\n`.repeat(100_000)));
    expect(framer.take(0)?.count).toBe(2622);
  });
});

describe('framing of JSON', () => {
  it.each([
    ['an array', '[{"a":1}, {"a":[1,{"b":2}]} ,{}]', ['{"a":1}', '{"a":[1,{"b":2}]}', '{}']],
    ['brackets and escapes in strings', '[{"a":"}]\\"{"},{"b":"\\\\"}]', ['{"a":"}]\\"{"}', '{"b":"\\\\"}']],
    ['an empty array', ' [ ] \n', []],
    ['one object over several lines', '{\n  "a": 1\n}\n', ['{\n  "a": 1\n}']],
    ['NDJSON', '{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['several arrays', '[{"a":1}]\n[{"a":2}]', ['{"a":1}', '{"a":2}']],
    [
      'elements that are no objects, left to the decoder',
      '[1, "a,]", null, [2], {}]',
      ['1', '"a,]"', 'null', '[2]', '{}'],
    ],
    ['a missing comma', '[{"a":1} {"a":2}]', ['{"a":1}', '{"a":2}']],
  ])('takes %s', (_, input, expected) => {
    expect(texts('json', input)).toEqual(expected);
  });

  it.each([
    ['a trailing comma', '[{"a":1},]', ['{"a":1}', '!]']],
    ['a doubled comma', '[{"a":1},,{"a":2}]', ['{"a":1}', '!,', '{"a":2}']],
    ['a missing bracket', '[{"a":1}\n', ['{"a":1}', '!']],
    ['the end of the file within an element', '[{"a":1},{"a":', ['{"a":1}', '!{"a":']],
    ['junk after the array', '[{"a":1}] oops\n{"a":2}', ['{"a":1}', '!oops', '{"a":2}']],
    ['junk before an object', 'oops {"a":2}', ['!oops ', '{"a":2}']],
    ['a string without its end', '[\n{"a":"x},\n{"a":2}\n]', ['!{"a":"x},\n', '{"a":2}']],
    ['a missing brace', '[{"a":1, {"a":2}]', ['!{"a":1, ', '{"a":2}']],
    ['brackets that do not match', '[\n {"a":[1},\n {"a":2}\n]', ['!{"a":[1},\n ', '{"a":2}']],
  ])('marks %s as malformed and goes on', (_, input, expected) => {
    expect(texts('json', input)).toEqual(expected);
  });

  it('takes objects nested far deeper than is allowed, for the decoder to refuse', () => {
    const deep = `${'['.repeat(200)}${']'.repeat(200)}`;
    expect(texts('json', `[{"a":${deep}},{"b":1}]`)).toEqual([`{"a":${deep}}`, '{"b":1}']);
  });
});

describe('framing of CSV', () => {
  it.each([
    ['rows', 'h\na,b\nc,d', ['a,b', 'c,d']],
    ['CRLF', 'h\r\na,b\r\nc,d\r\n', ['a,b', 'c,d']],
    ['new lines, commas and quotes within quotes', 'h\n"a\n1",b\n"c,""\r\n""",d\n', ['"a\n1",b', '"c,""\r\n""",d']],
    ['empty lines between rows', 'h\n\na\n\r\nb\n', ['a', 'b']],
    ['quotes within a plain field', 'h\na"b,"c"\n', ['a"b,"c"']],
    ['a row that breaks the quoting, which ends with its line', 'h\n"a"x,"\nb\n', ['!"a"x,"', 'b']],
    ['a quote that is never closed', 'h\na\n"b\nc\n', ['a', '!"b\nc\n']],
    ['a header row only', 'h\n', []],
  ])('takes %s', (_, input, expected) => {
    expect(texts('csv', input)).toEqual(expected);
  });

  it.each([
    ['a,b', ['a', 'b']],
    ['"a ""x""","b,c",', ['a "x"', 'b,c', '']],
    ['timestamp', ['timestamp']],
  ])('reads the names of the header row %s', (row, header) => {
    expect(frame('csv', [Buffer.from(`${row}\n1\n`)]).framer.format).toEqual({ type: 'csv', header });
  });

  it('ends a row that has grown too large in quotes with its line, so that a stray quote costs no more', () => {
    const rows = `"stray\n${'1,2\n'.repeat(300_000)}`;
    const { records } = frame('csv', [Buffer.from(`a,b\n${rows}3,4\n`)]);
    expect(records[0]?.fault).toBe('too_large');
    expect(records.at(-1)).toEqual({ offset: rows.length + 4, text: '3,4' });
    expect(records.length).toBeGreaterThan(30_000);
  });

  it('refuses a header row that cannot be read', () => {
    expect(() => frame('csv', [Buffer.from('"a"b,c\n1,2\n')])).toThrow(/header row/);
  });
});
