import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseConfig } from '../../config/config.ts';
import type { CliIo } from '../cli-io.ts';
import { EXIT_CODE, UsageError } from '../exit-code.ts';
import { defaultAnswers, type InitAnswers, type InitSource } from './answers.ts';
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
const SAMPLE_NAME = 'events.ndjson';

/**
 * Writes a configuration that works, and a sample of events where there are none to begin with; says what to do next.
 * @throws UsageError where a file stands in the way, or there is nobody to ask.
 */
export async function initCommand(
  directory: string | undefined,
  options: InitOptions,
  io: Pick<CliIo, 'stdin' | 'stdout' | 'stderr' | 'clock'>,
): Promise<number> {
  const folder = directory ?? '.';
  const config = join(folder, CONFIG_NAME);
  await refuseToOverwrite(config, options);
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
  await mkdir(folder, { recursive: true });
  const sample = await sampleFor(answers, folder);
  if (sample !== undefined) await writeFile(join(folder, sample), sampleText(io.clock.now()), { flag: 'wx' });
  await writeFile(config, yaml);
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
  if (yes === true)
    return withFields(
      { ...defaultAnswers(chosen ?? 'file', name), ...(input === undefined ? {} : { path: input }) },
      folder,
    );
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new UsageError('there is no terminal to ask on: add --yes, and --source demo, file, http or kafka');
  }
  return ask(name, chosen, io, (path) => join(folder, path));
}

/** What a file that is there holds, in place of what is usual. */
async function withFields(answers: InitAnswers, folder: string): Promise<InitAnswers> {
  const fields = answers.source === 'file' ? await fieldsOfFile(join(folder, answers.path)) : null;
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

/** The name of a sample to write; undefined where there are events, or none are needed. */
async function sampleFor({ source, path }: InitAnswers, folder: string): Promise<string | undefined> {
  const name = source === 'file' ? path : SAMPLE_NAME;
  if (source === 'demo' || /[*?[\]{}]/.test(name) || !name.endsWith('.ndjson')) return undefined;
  return (await exists(join(folder, name))) ? undefined : name;
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
    const events = sample ?? SAMPLE_NAME;
    steps.push(`curl -H 'content-type: application/x-ndjson' --data-binary @${events} http://127.0.0.1:8080/v1/events`);
  }
  if (source === 'kafka') {
    const events = sample ?? SAMPLE_NAME;
    steps.splice(-1, 0, `processor produce --config ${CONFIG_NAME} --input ${events}`);
    steps.push('', `# without brokers at hand or the topic "${topic}" the error says what to do`);
  }
  const list = steps.map((step) => (step === '' || step.startsWith('#') ? `  ${step}` : `  $ ${step}`));
  return `Wrote ${made.join(' and ')}.\n\n${list.join('\n').replaceAll(/ +$/gm, '')}\n`;
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
