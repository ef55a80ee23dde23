import { createInterface } from 'node:readline/promises';
import type { CliIo } from '../cli-io.ts';
import { UsageError } from '../exit-code.ts';

/**
 * Asks before something is thrown away; true if it may be. `--yes` says so beforehand, and is needed where there is nobody
 * to ask.
 * @throws UsageError without `--yes` and without a terminal.
 */
export async function isConfirmed(
  what: string,
  { yes }: { readonly yes?: boolean },
  io: Pick<CliIo, 'stdin' | 'stderr'>,
): Promise<boolean> {
  io.stderr.write(`${what}\n`);
  if (yes === true) return true;
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new UsageError('nothing was changed: without a terminal to ask on, this needs --yes');
  }
  const questions = createInterface({ input: io.stdin, output: io.stderr });
  try {
    // The end of the input is no yes.
    const ended = new Promise<string>((resolve) => questions.once('close', () => resolve('')));
    const answer = await Promise.race([questions.question('Go on? [y/N] '), ended]);
    if (/^y(?:es)?$/i.test(answer.trim())) return true;
    io.stderr.write('Nothing was changed.\n');
    return false;
  } finally {
    questions.close();
  }
}
