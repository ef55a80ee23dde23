import { defaultConfig, loadConfig, type LoadedConfig } from '../../config/config.ts';
import type { CliIo } from '../cli-io.ts';
import { UsageError } from '../exit-code.ts';

/** The options by which every command on state is told where it is. */
export interface PlaceOptions {
  readonly config?: string;
  readonly statePath?: string;
  readonly checkpointPath?: string;
  readonly debug?: boolean;
}

/** A state on disk: its folders, and the configuration of whoever runs on it. */
export interface StatePlace {
  readonly path: string;
  readonly checkpointPath: string;
  readonly loaded: LoadedConfig;
}

/**
 * Where the state is that a command is about: by a configuration, by folders, or by both, where the folders win.
 * @throws UsageError where nothing tells it; ProcessorError CONFIG_INVALID, CONFIG_UNREADABLE.
 */
export async function placeOf(options: PlaceOptions, { environment }: Pick<CliIo, 'environment'>): Promise<StatePlace> {
  const { config: file, statePath, checkpointPath } = options;
  const isNamed =
    statePath !== undefined || checkpointPath !== undefined || (file === undefined && isNamedBy(environment));
  const overrides = [
    ...(statePath === undefined ? [] : [{ option: '--state-path', path: ['state', 'path'], value: statePath }]),
    ...(checkpointPath === undefined
      ? []
      : [{ option: '--checkpoint-path', path: ['state', 'checkpoint_path'], value: checkpointPath }]),
    // Who names a folder of state means one on disk.
    ...(isNamed ? [{ option: '--state-path', path: ['state', 'backend'], value: 'rocksdb' }] : []),
  ];
  const settings = { environment, overrides };
  const loaded = file === undefined ? defaultConfig(settings) : await loadConfig(file, settings);
  const { state } = loaded.config;
  if (state.backend === 'memory') throw nothingOnDisk(file);
  return { path: state.path, checkpointPath: state.checkpoint_path, loaded };
}

/** True where the environment alone says which folder, and not that there is none. */
function isNamedBy(environment: CliIo['environment']): boolean {
  return environment['PROCESSOR_STATE__PATH'] !== undefined && environment['PROCESSOR_STATE__BACKEND'] === undefined;
}

function nothingOnDisk(file: string | undefined): UsageError {
  return new UsageError(
    file === undefined
      ? 'say which state: --config FILE, or --state-path and --checkpoint-path'
      : `${file} keeps its state in memory (state.backend: memory), so there is nothing on disk; --state-path names a folder`,
  );
}
