import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Child, MAIN, run } from './child.ts';
import { scratchFolder } from './folder.ts';

const { at, write } = scratchFolder();
const lines = Array.from({ length: 20_000 }, (_, index) =>
  JSON.stringify({ timestamp: 1_700_000_000_000 + index * 1000, model: index % 2 === 0 ? 'a' : 'b', value: index }),
);
const input = write('events.ndjson', `${lines.join('\n')}\n`);
const ARGUMENTS = ['run', '-i', input, '-w', '1s', '-k', 'model', '-v', 'value'];
const environment = { PROCESSOR_ERROR_HANDLING__DEAD_LETTER_PATH: at('dead-letters.ndjson') };

describe('output into a pipe', () => {
  it('is results and nothing else, on standard output', async () => {
    const { code, stdout, stderr } = await run([...ARGUMENTS, '--log-level', 'info'], { environment });
    expect(code).toBe(0);
    const results = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly id: string });
    expect(new Set(results.map(({ id }) => id)).size).toBe(20_000);
    // Neither colors nor a line that is drawn over.
    for (const control of ['\u001B', '\r']) expect(stdout + stderr).not.toContain(control);
    for (const line of stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
  });

  it('ends quietly with 0 when the reader has enough', async () => {
    // A shell has only the code of the last in a pipe; the other one comes by standard error.
    const script = '{ "$@"; echo "code $?" >&2; } | head -n 1';
    const child = new Child('/bin/sh', ['-c', script, 'sh', process.execPath, MAIN, ...ARGUMENTS], { environment });
    expect(await child.ended()).toBe(0);
    expect(child.stdout.split('\n')).toEqual([expect.stringMatching(/^\{"id":/), '']);
    expect(child.stderr).toBe('code 0\n');
  });
});

describe.runIf(existsSync('/dev/full'))('output that cannot be written', () => {
  it.each([
    ['of a run', ARGUMENTS, /^processor: sink "console" .*the output cannot be written: ENOSPC.* \[SINK_FAILED\]$/],
    ['of a short command', ['--version'], /^processor: standard output cannot be written: ENOSPC/],
  ])('%s is told in a sentence', async (_, argv, message) => {
    const script = '"$@" > /dev/full';
    const child = new Child('/bin/sh', ['-c', script, 'sh', process.execPath, MAIN, ...argv], { environment });
    expect(await child.ended()).toBe(1);
    const told = child.stderr.trimEnd().split('\n');
    expect(told.filter((line) => !line.startsWith('{'))).toEqual([expect.stringMatching(message)]);
  });
});
