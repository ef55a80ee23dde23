import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../checks/source-file.ts';
import { promised } from './promised.ts';
import { PACKAGE_ALIAS, run } from './snippets.ts';

/** The one with Kafka has a test of its own, with a broker. */
const examples = readdirSync(join(ROOT, 'examples')).filter((name) => /(?<!kafka|\.test)\.ts$/.test(name));

it('there are examples', () => {
  expect(examples.length).toBeGreaterThanOrEqual(10);
});

it.each(examples)(
  'examples/%s prints what it says',
  async (name) => {
    const { code, stdout, stderr } = await run(process.execPath, ['--import', PACKAGE_ALIAS, join('examples', name)], {
      cwd: ROOT,
    });
    expect({ code, stderr, stdout: stdout.replaceAll(/ +$/gm, '').trim() }).toEqual({
      code: 0,
      stderr: '',
      stdout: promised(name),
    });
    expect(promised(name)).not.toBe('');
  },
  60_000,
);
