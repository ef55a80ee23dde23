import { mkdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Child, MAIN, run } from './child.ts';
import { scratchFolder } from './folder.ts';

const { at, write } = scratchFolder();
const lines = Array.from({ length: 2000 }, (_, index) =>
  JSON.stringify({ timestamp: 1_700_000_000_000 + index * 1000 }),
);
const input = write('events.ndjson', `${lines.join('\n')}\n`);
const environment = {
  PROCESSOR_ERROR_HANDLING__DEAD_LETTER_PATH: at('dead-letters.ndjson'),
  PROCESSOR_ERROR_HANDLING__MAX_RETRIES: '1',
  PROCESSOR_ERROR_HANDLING__INITIAL_RETRY_DELAY_MS: '1',
};

describe('the exit code', () => {
  it.each<[number, string, readonly string[], string]>([
    [0, 'a run to the end of its input', ['run', '-i', input, '-w', '1m'], ''],
    [0, 'the version', ['--version'], ''],
    [1, 'an output that is a folder', ['run', '-i', input, '-w', '1m', '-o', at('folder')], '[SINK_FAILED]'],
    [2, 'an option that there is not', ['run', '--windw', '1m'], "unknown option '--windw'"],
    [2, 'a command that there is not', ['start'], "unknown command 'start'"],
    [2, 'an input that is not there', ['run', '-i', at('nowhere'), '-w', '1m'], '[SOURCE_NOT_FOUND]'],
    [2, 'a configuration that is not there', ['run', '-c', at('nowhere')], '[CONFIG_UNREADABLE]'],
    [2, 'a bad configuration', ['run', '-c', at('bad.yaml')], 'processor.http.port'],
    [2, 'an address that others can reach, without a token', ['run', '-c', at('open.yaml')], 'set http.token'],
    [2, 'a bad variable', ['run', '-c', at('good.yaml')], 'PROCESSOR_HTP__PORT'],
  ])('is %i after %s', async (code, about, argv, text) => {
    mkdirSync(at('folder'), { recursive: true });
    write('bad.yaml', 'processor: { http: { port: -1 } }\n');
    write('good.yaml', 'processor: { name: good }\n');
    write('open.yaml', 'processor: { http: { host: 0.0.0.0, port: 0 } }\n');
    const wrong = about === 'a bad variable' ? { PROCESSOR_HTP__PORT: '1' } : {};
    const result = await run(argv, { environment: { ...environment, ...wrong } });
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(text);
    expect(result.stderr).not.toContain('    at ');
    if (code !== 0) expect(result.stdout).toBe('');
  });

  it('is 1 after a file that cannot grow any more, which has whole lines only', async () => {
    const output = at('limited.ndjson');
    const command = [process.execPath, MAIN, 'run', '-i', input, '-w', '1s', '-o', output];
    // In blocks of 512 bytes; without the trap the signal would end the process before the error reaches it.
    const script = 'trap "" XFSZ; ulimit -f 16; exec "$@"';
    const child = new Child('/bin/sh', ['-c', script, 'sh', ...command], { environment });
    expect(await child.ended()).toBe(1);
    expect(child.stderr).toContain(`${output} cannot be written: the file has reached the largest size allowed`);
    expect(child.stderr).toContain('[SINK_FAILED]');
    expect(readFileSync(output, 'utf8')).toMatch(/^(?:\{.*\}\n)*$/);
  });
});
