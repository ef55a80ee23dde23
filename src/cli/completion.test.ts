import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from './cli.ts';
import { SHELLS, type Shell } from './completion.ts';
import { fakeParts, fakeProcess } from './fake-process.contract.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  writeFileSync(join(folder, 'processor.yaml'), '');
  for (const shell of SHELLS) writeFileSync(join(folder, shell), await scriptOf(shell));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function scriptOf(shell: Shell): Promise<string> {
  const io = fakeProcess();
  const code = await main(['completion', shell], io, fakeParts());
  expect([code, io.stderr.text]).toEqual([0, '']);
  return io.stdout.text;
}

/** What a real shell offers for the last of some words. */
function offered(shell: 'bash' | 'fish', line: string): string[] {
  const commands = {
    bash: `source ./bash; COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _processor; printf '%s\\n' "\${COMPREPLY[@]}"`,
    fish: `source ./fish; complete -C '${line}'`,
  };
  const { stdout, stderr, status } = spawnSync(shell, ['-c', commands[shell]], { cwd: folder, encoding: 'utf8' });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout
    .split('\n')
    .map((offer) => offer.split('\t')[0] ?? '')
    .filter((offer) => offer !== '');
}

function has(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

describe.each<'bash' | 'fish'>(['bash', 'fish'])('completion in %s', (shell) => {
  it.runIf(has(shell)).each<[string, string[]]>([
    ['processor chec', ['checkpoint']],
    ['processor state ', ['help', 'inspect', 'rescale', 'reset']],
    ['processor run --input-f', ['--input-format']],
    ['processor run --format ', ['json', 'table']],
    ['processor completion ', ['bash', 'fish', 'zsh']],
    ['processor run --config proc', ['processor.yaml']],
    ['processor checkpoint create --state', ['--state-path']],
  ])('of "%s"', (line, words) => {
    expect(offered(shell, line).sort()).toEqual(words);
  });
});

describe('the script', () => {
  it.runIf(has('zsh'))('is one that zsh can read', () => {
    const { stderr, status } = spawnSync('zsh', ['-n', 'zsh'], { cwd: folder, encoding: 'utf8' });
    expect([stderr, status]).toEqual(['', 0]);
  });

  it('is refused for a shell that there is no script for', async () => {
    const io = fakeProcess();
    const code = await main(['completion', 'tcsh'], io, fakeParts());
    expect(code).toBe(2);
    expect(io.stderr.text).toContain('Allowed choices are bash, zsh, fish.');
  });
});
