import { readFileSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMAND_NAMES } from '../../src/cli/program.ts';
import { ROOT } from '../checks/source-file.ts';
import { run, sampleFolder, type ProgramResult } from './snippets.ts';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const PROGRAMS: readonly string[] =
  'base64 cat curl docker gunzip head install journalctl kubectl node npx openssl systemctl tail'.split(' ');

/** The commands of a block that there are not. Each stands on a line of its own, or behind a pipe. */
export function commandFaults(code: string): string[] {
  const lines = code.replaceAll(/\\\n\s*/g, ' ').split('\n');
  const commands = lines.flatMap((line) => line.replace(/(?:^|\s)#.*/, '').split(' | '));
  return commands.map((command) => command.trim()).flatMap((command) => (isKnown(command) ? [] : [command]));
}

function isKnown(command: string): boolean {
  const [program = '', first = '', second = ''] = withoutVariables(command.replaceAll(/"[^"]*"/g, '""').split(/\s+/));
  if (program === '') return true;
  if (program === 'processor') return first.startsWith('-') || COMMAND_NAMES.some((name) => name === first);
  if (program !== 'npm') return PROGRAMS.includes(program);
  if (first === 'run') return Object.hasOwn(scripts, second);
  return first === 'install' || Object.hasOwn(scripts, first);
}

function withoutVariables(words: readonly string[]): readonly string[] {
  const first = words.findIndex((word) => word !== 'export' && !/^[A-Z_]+=/.test(word));
  return first === -1 ? [] : words.slice(first);
}

/** Runs the commands of a block in a folder with the sample events, `processor` being the one of this project. */
export async function runShell(code: string): Promise<ProgramResult> {
  const cwd = await sampleFolder();
  try {
    const bin = join(cwd, '.bin');
    await mkdir(bin);
    await writeShim(join(bin, 'processor'), join(ROOT, 'src/cli/main.ts'), '"$@"');
    await writeShim(join(bin, 'npm'), join(ROOT, 'src/cli/main.ts'), '"${@:4}"');
    const environment = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    return await run('bash', ['-euo', 'pipefail', '-c', code], { cwd, environment });
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/** `npm run processor -- …` is the same program, without what npm does before. */
async function writeShim(path: string, program: string, args: string): Promise<void> {
  await writeFile(path, `#!/bin/bash\nexec ${process.execPath} ${program} ${args}\n`);
  await chmod(path, 0o755);
}
