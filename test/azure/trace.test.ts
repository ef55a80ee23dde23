import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EXPECTATIONS, expectedResults, toNdjson } from './expected.ts';
import { disorderOf, writeShuffledTrace } from './shuffle.ts';
import { NO_DATA, parseTrace, readTrace, traceFolder } from './trace.ts';

const FOLDER = traceFolder(process.env);
const scratch = mkdtempSync(join(tmpdir(), 'azure-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function committed(file: string): string {
  return readFileSync(new URL(`expected/${file}`, import.meta.url), 'utf8');
}

describe('the folder of the trace', () => {
  it('may be missing, but not in CI', () => {
    expect(traceFolder({ PROCESSOR_TEST_DATA: scratch })).toBeUndefined();
    expect(() => traceFolder({ PROCESSOR_TEST_DATA: scratch, CI: 'true' })).toThrow(NO_DATA);
  });
});

describe('parsing the trace', () => {
  const row = '2023-11-16 18:17:03.9799600,4808,10';

  it.each([
    ['CRLF', '\r\n', ''],
    ['LF', '\n', ''],
    ['a line end after the last row', '\r\n', '\r\n'],
  ])('takes %s', (_, end, last) => {
    const rows = parseTrace(`TIMESTAMP,ContextTokens,GeneratedTokens${end}${row}${end}${row}${last}`);
    expect(rows).toHaveLength(2);
    // The seven digits of the fraction are cut to milliseconds, not rounded.
    expect(rows[1]).toEqual({ text: row, timestamp: Date.UTC(2023, 10, 16, 18, 17, 3, 979), values: [4808, 10] });
  });

  it('refuses what is no row', () => {
    expect(() => parseTrace('TIMESTAMP,ContextTokens,GeneratedTokens\nnonsense')).toThrow('not a row');
    expect(() => parseTrace('a,b,c')).toThrow('not the header');
  });
});

describe('the Azure trace', () => {
  it.for([
    ['code.csv', 8819],
    ['conv.csv', 19_366],
  ] as const)('has in %s %i rows, in the order of their time', ([file, count], context) => {
    const rows = readTrace(FOLDER ?? context.skip(NO_DATA), file);
    expect(rows).toHaveLength(count);
    expect(disorderOf(rows)).toBe(0);
  });

  it.for(EXPECTATIONS)('gives $file', ({ input, window, file }, context) => {
    const folder = FOLDER ?? context.skip(NO_DATA);
    expect(toNdjson(expectedResults(input, window, (name) => readTrace(folder, name)))).toBe(committed(file));
  });

  it.for(EXPECTATIONS)('gives $file in any order within the bound', ({ input, window, file }, context) => {
    const folder = FOLDER ?? context.skip(NO_DATA);
    writeShuffledTrace(folder, scratch, 20_000, 7);
    expect(disorderOf(readTrace(scratch, 'conv.csv'))).toBeGreaterThan(15_000);
    expect(toNdjson(expectedResults(input, window, (name) => readTrace(scratch, name)))).toBe(committed(file));
  });
});
