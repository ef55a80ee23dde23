/** The page of the command line: what `--help` says of every command. */
import { spawnSync } from 'node:child_process';

/** @param {string} main the program @returns {string} the page, in Markdown. */
export function commandPage(main) {
  /** @param {readonly string[]} words */
  const help = (words) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words, '--help'], {
      encoding: 'utf8',
      env: { ...process.env, COLUMNS: '90' },
    });
    if (status !== 0) throw new Error(`processor ${words.join(' ')} --help failed: ${stderr}`);
    return stdout.trimEnd();
  };
  /** @param {string} text @returns {string[]} */
  const commandsIn = (text) => {
    const [, list = ''] = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(text) ?? [];
    return [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
  };
  /** @param {readonly string[]} words @returns {string[]} */
  const sections = (words) => {
    const text = help(words);
    const title = words.length === 0 ? 'processor' : `processor ${words.join(' ')}`;
    return [
      `## ${title}\n\n\`\`\`text\n${text}\n\`\`\`\n`,
      ...commandsIn(text).flatMap((name) => sections([...words, name])),
    ];
  };
  const head =
    'Exit codes: 0 done, or stopped by a signal; 1 failed while running; 2 bad configuration or arguments; 3 the state cannot be used.';
  return `---\neditLink: false\n---\n\n# Command line\n\n${head}\n\n${sections([]).join('\n')}`;
}
