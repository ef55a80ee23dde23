import { stat, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { parseConfig } from '../../config/config.ts';
import { messageOf } from '../../errors/message-of.ts';
import { makeFolder } from '../../sinks/file/open-on-disk.ts';
import type { CliIo } from '../cli-io.ts';
import { EXIT_CODE, UsageError } from '../exit-code.ts';
import { defaultAnswers, type InitAnswers, type InitSource, SAMPLE_NAME } from './answers.ts';
import { configText } from './config-text.ts';
import { fieldsOfFile } from './sample-fields.ts';
import { ask, Cancelled, sayCancelled } from './questions.ts';
import { sampleText } from './sample-text.ts';

/** Options of `processor init`. */
export interface InitOptions {
  readonly source?: InitSource;
  readonly input?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
}

const CONFIG_NAME = 'processor.yaml';
/** A name that stands for several files. */
const PATTERN = /[*?[\]{}]/;

/**
 * Writes a configuration that works, and a sample of events where there are none to begin with; says what to do next.
 * @throws UsageError where a file stands in the way or cannot be written, the input is not there, or there is nobody to ask.
 */
export async function initCommand(
  directory: string | undefined,
  options: InitOptions,
  io: Pick<CliIo, 'stdin' | 'stdout' | 'stderr' | 'clock'>,
): Promise<number> {
  const folder = directory ?? '.';
  const config = join(folder, CONFIG_NAME);
  await refuseToOverwrite(config, options);
  await refuseInput(options);
  let answers: InitAnswers;
  try {
    answers = await answersOf(folder, options, io);
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    sayCancelled(io);
    return EXIT_CODE.failed;
  }
  const yaml = configText(answers, CONFIG_NAME);
  // What is written is right, whatever was answered.
  parseConfig(yaml, { file: CONFIG_NAME });
  const sample = await sampleFor(answers, folder);
  try {
    await makeFolder(resolve(folder));
    if (sample !== undefined) await writeFile(join(folder, sample), sampleText(io.clock.now()), { flag: 'wx' });
    await writeFile(config, yaml);
  } catch (error) {
    throw new UsageError(`cannot write ${config}: ${messageOf(error)}; choose another folder, or put that right`);
  }
  io.stdout.write(nextSteps(answers, folder, sample));
  return EXIT_CODE.done;
}

async function answersOf(
  folder: string,
  { source, input, yes }: InitOptions,
  io: Pick<CliIo, 'stdin' | 'stderr'>,
): Promise<InitAnswers> {
  const name = nameOf(folder);
  const chosen = source ?? (input === undefined ? undefined : 'file');
  if (yes === true) {
    const usual = defaultAnswers(chosen ?? 'file', name);
    return withFields(input === undefined ? usual : { ...usual, path: fromFolder(folder, input) }, folder);
  }
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new UsageError('there is no terminal to ask on: add --yes, and --source demo, file, http or kafka');
  }
  // The sample is to be in the new folder; all else that somebody types is of the folder that they are in.
  const placeOf = (path: string): string => (path === SAMPLE_NAME ? join(folder, path) : path);
  const answers = await ask(name, { source: chosen, path: input }, io, placeOf);
  return { ...answers, path: fromFolder(folder, input ?? placeOf(answers.path)) };
}

/** The path of a file as the configuration has it, which will be run in its own folder. */
function fromFolder(folder: string, file: string): string {
  return isAbsolute(file) ? file : relative(folder, file).replaceAll(sep, '/');
}

/** What a file that is there holds, in place of what is usual. */
async function withFields(answers: InitAnswers, folder: string): Promise<InitAnswers> {
  const fields = answers.source === 'file' ? await fieldsOfFile(resolve(folder, answers.path)) : null;
  if (fields === null) return answers;
  const [time] = fields.times;
  const pick = (usual: readonly string[], known: readonly string[]): readonly string[] => {
    const both = usual.filter((field) => known.includes(field));
    return both.length > 0 ? both : known.slice(0, 2);
  };
  return {
    ...answers,
    ...(time === undefined ? {} : { timestamp: time.path, timestampUnit: time.unit }),
    key: pick(answers.key, fields.keys),
    values: pick(answers.values, fields.numbers),
  };
}

async function refuseToOverwrite(config: string, { force }: InitOptions): Promise<void> {
  if (force === true || !(await exists(config))) return;
  throw new UsageError(`${config} is there already; give another folder, or --force to replace it`);
}

/** A file that is named must be there: a sample in its place would be taken for it. */
async function refuseInput({ input, source }: InitOptions): Promise<void> {
  if (input === undefined) return;
  if (source !== undefined && source !== 'file') {
    throw new UsageError(`--input is for files: leave out --source ${source}, or --input`);
  }
  if (!PATTERN.test(input) && !(await exists(input))) {
    throw new UsageError(`--input: there is no file ${input}; check the path, or leave it out to begin with a sample`);
  }
}

/** The name of a sample to write; undefined where there are events, or none are needed. */
async function sampleFor({ source, path }: InitAnswers, folder: string): Promise<string | undefined> {
  if (source === 'demo' || (source === 'file' && path !== SAMPLE_NAME)) return undefined;
  return (await exists(join(folder, SAMPLE_NAME))) ? undefined : SAMPLE_NAME;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

/** The folder's name as that of a pipeline. */
function nameOf(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return name === '' ? 'processor' : name;
}

function nextSteps({ source, topic }: InitAnswers, folder: string, sample: string | undefined): string {
  const made = [CONFIG_NAME, ...(sample === undefined ? [] : [sample])].map((name) => join(folder, name));
  const steps = [...(folder === '.' ? [] : [`cd ${quoted(folder)}`]), `processor --config ${CONFIG_NAME}`];
  if (source === 'http') {
    const events = SAMPLE_NAME;
    steps.push(`curl -H 'content-type: application/x-ndjson' --data-binary @${events} http://127.0.0.1:8080/v1/events`);
  }
  if (source === 'kafka') {
    const events = SAMPLE_NAME;
    steps.splice(-1, 0, `processor produce --config ${CONFIG_NAME} --input ${events}`);
    steps.push('', `# without brokers at hand or the topic "${topic}" the error says what to do`);
  }
  const list = steps.map((step) => (step === '' || step.startsWith('#') ? `  ${step}` : `  $ ${step}`));
  return `Wrote ${made.join(' and ')}.\n\n${list.join('\n').replaceAll(/ +$/gm, '')}\n`;
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
