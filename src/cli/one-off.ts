import type { ConfigOverride } from '../config/config.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { parseDuration } from '../time/duration.ts';
import { UsageError } from './exit-code.ts';

/** The options of `run` that stand for keys of the configuration, as commander hands them over. */
export interface RunOptions {
  readonly config?: string;
  readonly input?: readonly string[];
  readonly inputFormat?: string;
  readonly follow?: boolean;
  readonly window?: string;
  readonly slide?: string;
  readonly sessionGap?: string;
  readonly key?: readonly string[];
  readonly value?: readonly string[];
  readonly timestamp?: string;
  readonly timestampUnit?: string;
  readonly lateness?: string;
  readonly outOfOrderness?: string;
  readonly aggregate?: readonly string[];
  readonly percentiles?: readonly string[];
  readonly format?: string;
  readonly output?: string;
  readonly logLevel?: string;
  readonly debug?: boolean;
}

/**
 * What the options say, as the uppermost layer of the configuration.
 * @throws UsageError for a duration that is none, and for options that do not go together.
 */
export function overridesOf(options: RunOptions, isTerminal: boolean): readonly ConfigOverride[] {
  const overrides: ConfigOverride[] = [];
  const set = (option: string, path: string, value: unknown): void => {
    overrides.push({ option, path: path.split('.'), value });
  };
  addSource(options, set);
  addWindows(options, set);
  addEvent(options, set);
  addSinks(options, isTerminal, set);
  if (options.aggregate !== undefined) set('--aggregate', 'aggregation.enabled', options.aggregate);
  if (options.percentiles !== undefined) set('--percentiles', 'aggregation.percentiles', options.percentiles);
  if (options.logLevel !== undefined) set('--log-level', 'logging.level', options.logLevel);
  else if (options.debug === true) set('--debug', 'logging.level', 'debug');
  // In a script, a run that goes well has nothing to say but its results.
  else if (options.input !== undefined && !isTerminal) set('--input', 'logging.level', 'warn');
  return overrides;
}

type SetKey = (option: string, path: string, value: unknown) => void;

function addSource({ input, inputFormat, follow }: RunOptions, set: SetKey): void {
  if (input !== undefined) {
    if (input.includes('-') && input.length > 1) {
      throw new UsageError('--input: standard input (-) cannot be read together with files');
    }
    if (input.includes('-')) set('--input', 'source.type', 'stdin');
    else {
      set('--input', 'source.type', 'file');
      set('--input', 'source.paths', input);
    }
    // The formats of the file's own source are not those of another one.
    if (inputFormat === undefined) set('--input', 'source.format', undefined);
  }
  if (inputFormat !== undefined) set('--input-format', 'source.format', inputFormat);
  if (follow === true) set('--follow', 'source.follow', true);
}

function addWindows({ config, window, slide, sessionGap, lateness, outOfOrderness }: RunOptions, set: SetKey): void {
  const types: string[] = [];
  if (slide !== undefined && window === undefined) {
    throw new UsageError('--slide needs --window, the length of each window: --window 10m --slide 1m');
  }
  if (window !== undefined) {
    const type = slide === undefined ? 'tumbling' : 'sliding';
    set('--window', `windows.${type}.size_secs`, secondsOf('--window', window));
    if (slide !== undefined) set('--slide', 'windows.sliding.slide_secs', secondsOf('--slide', slide));
    types.push(type);
  }
  if (sessionGap !== undefined) {
    set('--session-gap', 'windows.session.gap_secs', secondsOf('--session-gap', sessionGap));
    types.push('session');
  }
  if (types.length > 0) set(window === undefined ? '--session-gap' : '--window', 'windows.default_type', types);
  if (lateness !== undefined) {
    if (types.length === 0)
      throw new UsageError('--lateness is that of the windows given: add --window or --session-gap');
    for (const type of types) {
      set('--lateness', `windows.${type}.allowed_lateness_secs`, secondsOf('--lateness', lateness));
    }
  }
  if (types.length === 0 && config === undefined) {
    throw new UsageError('say which windows: --window 1m, --window 10m --slide 1m, or --session-gap 5m');
  }
  if (outOfOrderness !== undefined) {
    set('--out-of-orderness', 'watermark.max_out_of_orderness_secs', secondsOf('--out-of-orderness', outOfOrderness));
  }
}

function addEvent({ key, value, timestamp, timestampUnit }: RunOptions, set: SetKey): void {
  if (key !== undefined) set('--key', 'event.key', key);
  if (timestamp !== undefined) set('--timestamp', 'event.timestamp', timestamp);
  if (timestampUnit !== undefined) set('--timestamp-unit', 'event.timestamp_unit', timestampUnit);
  if (value === undefined) return;
  const [first] = value;
  // One value gives flat results, several give results by name; either takes the place of what the file has.
  set('--value', 'event.value', value.length === 1 ? first : undefined);
  set('--value', 'event.values', value.length === 1 ? undefined : new Map(value.map((path) => [path, path])));
}

function addSinks({ config, format, output }: RunOptions, isTerminal: boolean, set: SetKey): void {
  const console = { type: 'console', format: format ?? (isTerminal ? 'table' : 'json') };
  if (output !== undefined) {
    const file = { type: 'file', path: output };
    set('--output', 'sinks', format === undefined ? [file] : [file, console]);
  } else if (format !== undefined) set('--format', 'sinks', [console]);
  else if (config === undefined) set('default', 'sinks', [console]);
}

function secondsOf(option: string, text: string): number {
  try {
    return parseDuration(text) / 1000;
  } catch (error) {
    if (!ProcessorError.is(error)) throw error;
    throw new UsageError(`${option}: ${JSON.stringify(text)} is not a duration; write 30s, 5m, 1h30m or 500ms`);
  }
}
