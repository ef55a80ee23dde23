import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, REJECTION_REASONS } from '../../src/index.ts';
import { ROOT } from '../checks/source-file.ts';

const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');

/** The rows of the table under a heading: what stands in code in the first column, and the second column. */
function rowsUnder(text: string, heading: string): readonly (readonly [string, string])[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return Array.from(section.matchAll(/^\| `(\w+)` +\| (.*?) +\|/gm), ([, code = '', meaning = '']) => [code, meaning]);
}

describe('docs/errors.md', () => {
  it.each([
    ['Error codes', ERROR_CODES],
    ['Rejection reasons', REJECTION_REASONS],
  ])('lists under "%s" what the code has, in the same words', (heading, table) => {
    expect(Object.fromEntries(rowsUnder(page, heading))).toEqual(table);
    expect(rowsUnder(page, heading).map(([code]) => code)).toEqual(Object.keys(table));
  });

  it('would be caught lying', () => {
    const lying = page.replace('| `RUN_STATE`', '| `RUN_STATES`');
    expect(Object.fromEntries(rowsUnder(lying, 'Error codes'))).not.toEqual(ERROR_CODES);
  });
});
