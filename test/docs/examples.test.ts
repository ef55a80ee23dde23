import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { ROOT } from '../checks/source-file.ts';
import { run } from './snippets.ts';

const examples = readdirSync(join(ROOT, 'examples')).filter((name) => /(?<!\.test)\.ts$/.test(name));

/** What an example says that it prints: the end of its first comment, behind "Prints:". */
function promised(name: string): string {
  const text = readFileSync(join(ROOT, 'examples', name), 'utf8');
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
  const printed = comment.split(/^ \* Prints:\n/m)[1] ?? '';
  return printed.replaceAll(/^ \* ?/gm, '').trim();
}

it('there are examples', () => {
  expect(examples.length).toBeGreaterThanOrEqual(10);
});

it.each(examples)(
  'examples/%s prints what it says',
  async (name) => {
    const alias = pathToFileURL(join(ROOT, 'test/docs/package-alias.ts')).href;
    const { code, stdout, stderr } = await run(process.execPath, ['--import', alias, join('examples', name)], {
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
