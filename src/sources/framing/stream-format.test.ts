import { describe, expect, it } from 'vitest';
import { formatOfPath } from './stream-format.ts';

describe('the format that a name tells', () => {
  it.each([
    ['a.json', 'json'],
    ['a.JSON.gz', 'json'],
    ['a.csv', 'csv'],
    ['a.csv.gz', 'csv'],
    ['a.ndjson', 'ndjson'],
    ['a.log', 'ndjson'],
    ['a.jsonl.gz', 'ndjson'],
  ])('%s is %s', (path, format) => {
    expect(formatOfPath(path)).toBe(format);
  });
});
