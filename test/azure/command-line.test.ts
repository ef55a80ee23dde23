import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { compareAzure } from './compare-azure.ts';
import { EXPECTATIONS, INPUTS, type InputName } from './expected.ts';
import { writeShuffledTrace } from './shuffle.ts';
import { NO_DATA, traceFolder } from './trace.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const FOLDER = traceFolder(process.env);
const scratch = mkdtempSync(join(tmpdir(), 'azure-command-line-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function configOf(paths: readonly string[], lateness: number): string {
  return `processor:
  name: azure
  source: { type: file, format: csv, paths: ${JSON.stringify(paths)} }
  event:
    timestamp: TIMESTAMP
    key: []
    values: { ContextTokens: ContextTokens, GeneratedTokens: GeneratedTokens }
  windows:
    default_type: [tumbling, sliding, session]
    tumbling: { size_secs: 60, allowed_lateness_secs: ${lateness} }
    sliding: { size_secs: 600, slide_secs: 60, allowed_lateness_secs: ${lateness} }
    session: { gap_secs: 5, allowed_lateness_secs: ${lateness} }
  watermark: { max_out_of_orderness_secs: 30 }
  error_handling: { dead_letter_path: ${JSON.stringify(join(scratch, 'dead-letters.ndjson'))} }
  sinks: [{ type: console, format: json }]
  http: { enabled: false }
`;
}

/** What the command line writes for the files of an input, by the type of the windows. */
function resultsOf(folder: string, input: InputName, lateness = 0): ReadonlyMap<string, string> {
  const config = join(scratch, 'azure.yaml');
  writeFileSync(
    config,
    configOf(
      INPUTS[input].map((file) => join(folder, file)),
      lateness,
    ),
  );
  const environment = { PATH: process.env['PATH'] };
  const options = { env: environment, encoding: 'utf8', maxBuffer: 1 << 28, stdio: 'pipe' } as const;
  const output = execFileSync(process.execPath, [MAIN, 'run', '--config', config], options);
  const byType = new Map<string, string>();
  for (const line of output.split('\n')) {
    const type = /^\{"id":"azure\/(\w+)\//.exec(line)?.[1];
    if (type !== undefined) byType.set(type, `${byType.get(type) ?? ''}${line}\n`);
  }
  return byType;
}

function withoutTimestamps(results: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...results].map(([type, text]) => [type, text.replaceAll(/,"timestamp":"[^"]*"/g, '')]));
}

describe('the command line over the Azure trace', () => {
  it.for(Object.keys(INPUTS) as InputName[])('gives what the oracle gives, for %s', (input, context) => {
    const folder = FOLDER ?? context.skip(NO_DATA);
    const results = resultsOf(folder, input);
    for (const { file, window } of EXPECTATIONS.filter((expectation) => expectation.input === input)) {
      const expected = readFileSync(new URL(`expected/${file}`, import.meta.url), 'utf8');
      expect(compareAzure(results.get(window) ?? '', expected)).toEqual([]);
    }
  });

  it.for([
    { seed: 1, lateness: 0 },
    { seed: 2, lateness: 60 },
  ])('gives the same bytes for the events shuffled within 20 s, $lateness s allowed', ({ seed, lateness }, context) => {
    const folder = FOLDER ?? context.skip(NO_DATA);
    const shuffled = join(scratch, `shuffled-${seed}`);
    mkdirSync(shuffled);
    writeShuffledTrace(folder, shuffled, 20_000, seed);
    const inOrder = withoutTimestamps(resultsOf(folder, 'both', lateness));
    expect(withoutTimestamps(resultsOf(shuffled, 'both', lateness))).toEqual(inOrder);
  });
});
