import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender } from './contender.ts';
import { FOLDER } from './options.ts';
import { KEY_FIELDS, VALUE_FIELD } from './sample-events.ts';

/** The command line of the processor, as `npm run build` makes it. */
export const PROCESSOR = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js');

/** Where the state is. */
export type Backend = 'memory' | 'rocksdb';

/** A run of the processor over a file: tumbling windows, all aggregates, one value by three fields. */
export interface ProcessorRun {
  readonly name: string;
  readonly input: string;
  readonly output: string;
  readonly windowMs: number;
  readonly backend: Backend;
  /** Arguments for Node. */
  readonly nodeOptions?: readonly string[];
  /** Further settings, as environment variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The folders of a RocksDB state, beside one another. */
export interface StateFolders {
  readonly path: string;
  readonly checkpointPath: string;
  remove(): void;
}

/** New folders for a state on the disk of the project. */
export function newStateFolders(): StateFolders {
  const folder = mkdtempSync(join(FOLDER, 'state-'));
  return {
    path: join(folder, 'state'),
    checkpointPath: join(folder, 'checkpoints'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The variables that configure such a state. */
function stateEnvironment({ path, checkpointPath }: StateFolders): Record<string, string> {
  return {
    PROCESSOR_STATE__BACKEND: 'rocksdb',
    PROCESSOR_STATE__PATH: path,
    PROCESSOR_STATE__CHECKPOINT_PATH: checkpointPath,
  };
}

/** The contender that is such a run. Each begins with an empty state. */
export function processor(run: ProcessorRun): Contender {
  const { name, input, output, windowMs, backend, nodeOptions = [], environment = {} } = run;
  let state: StateFolders | undefined;
  return {
    name,
    args: [...nodeOptions, PROCESSOR, ...argumentsOf({ input, output, windowMs })],
    output,
    prepare: () => {
      if (backend === 'rocksdb') state = newStateFolders();
      return { ...(state === undefined ? {} : stateEnvironment(state)), ...environment };
    },
    tidy: () => state?.remove(),
  };
}

/** What `processor` is called with, for a run over a file. */
function argumentsOf({ input, output, windowMs }: Pick<ProcessorRun, 'input' | 'output' | 'windowMs'>): string[] {
  return ['run', '--log-level', 'warn'].concat(
    ['--input', input, '--key', KEY_FIELDS.join(','), '--value', VALUE_FIELD],
    ['--window', `${String(windowMs / 1000)}s`, '--output', output],
  );
}
