import { expect, it } from 'vitest';
import { assumeSize } from './terminal-size.ts';

it.each([
  ['a terminal without a size', { isTTY: true, columns: 0, rows: 0 }, { columns: 80, rows: 24 }],
  ['a terminal with one', { isTTY: true, columns: 132, rows: 50 }, { columns: 132, rows: 50 }],
  ['a file', { isTTY: false, columns: 0 }, { columns: 0 }],
])('%s', (_, stream, size) => {
  assumeSize(stream);
  expect(stream).toMatchObject(size);
});
