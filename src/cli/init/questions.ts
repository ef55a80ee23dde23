import { cancel, CANCEL_SYMBOL, confirm, intro, multiselect, outro, select, text } from '@clack/prompts';
import { parseFieldPath } from '../../event/field-path.ts';
import { messageOf } from '../../errors/message-of.ts';
import { parseDuration } from '../../time/duration.ts';
import type { CliIo } from '../cli-io.ts';
import { defaultAnswers, type InitAnswers, type InitSource } from './answers.ts';
import { fieldsOfFile, type SampleFields } from './sample-fields.ts';

/** Somebody wants to go no further. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

type Streams = Pick<CliIo, 'stdin' | 'stderr'>;

/**
 * Asks a person, on standard error, what a new configuration should be. What an existing file holds is looked at, so that
 * its fields can be chosen from. `given` has what need not be asked; `placeOf` gives the place of a file that was named.
 * @throws Cancelled
 */
export async function ask(
  name: string,
  given: { readonly source: InitSource | undefined; readonly path: string | undefined },
  { stdin, stderr }: Streams,
  placeOf: (name: string) => string,
): Promise<InitAnswers> {
  const io = { input: stdin, output: stderr };
  intro('A new pipeline', io);
  const source =
    given.source ??
    (await answerOf(select<InitSource>({ ...io, message: 'Where do the events come from?', options: SOURCES })));
  const defaults = defaultAnswers(source, name);
  const place = given.path === undefined ? await askPlace(source, defaults, io) : { path: given.path };
  const path = given.path ?? placeOf(place.path);
  const fields = source === 'file' ? await fieldsOfFile(path) : null;
  const event = source === 'demo' ? {} : await askEvent(defaults, fields, io);
  const window = await answerOf(
    select<InitAnswers['window']>({ ...io, message: 'What kind of windows?', options: WINDOWS }),
  );
  const length = await answerOf(
    text({
      ...io,
      message: window === 'session' ? 'What silence ends a session?' : 'How long is a window?',
      initialValue: window === 'session' ? '5m' : defaults.length,
      validate: durationFault,
    }),
  );
  const durable = await answerOf(
    confirm({
      ...io,
      message: 'Keep the state on disk, so that a restart goes on where it was?',
      initialValue: defaults.durable,
    }),
  );
  const results = await answerOf(
    select<InitAnswers['results']>({
      ...io,
      message: 'Where do the results go?',
      options: RESULTS,
      initialValue: defaults.results,
    }),
  );
  outro('That is all.', io);
  return { ...defaults, ...place, ...event, window, length, durable, results };
}

const SOURCES: { value: InitSource; label: string; hint: string }[] = [
  { value: 'demo', label: 'nowhere yet', hint: 'made-up traffic of language models, for a first look' },
  { value: 'file', label: 'files', hint: 'NDJSON, JSON or CSV, gzipped or not' },
  { value: 'http', label: 'HTTP', hint: 'programs post them to the processor' },
  { value: 'kafka', label: 'Kafka', hint: 'one or more topics' },
];

const WINDOWS: { value: InitAnswers['window']; label: string; hint: string }[] = [
  { value: 'tumbling', label: 'tumbling', hint: 'one after the other: a figure for every five minutes' },
  { value: 'sliding', label: 'sliding', hint: 'overlapping: the last ten minutes, every minute' },
  { value: 'session', label: 'session', hint: 'as long as something happens, until a silence' },
];

const RESULTS: { value: InitAnswers['results']; label: string; hint: string }[] = [
  { value: 'console', label: 'this terminal', hint: 'as tables' },
  { value: 'file', label: 'a file', hint: 'out/results.ndjson, each result exactly once' },
  { value: 'kafka', label: 'Kafka', hint: 'the topic aggregated-metrics' },
];

type Io = { input: Streams['stdin']; output: Streams['stderr'] };

async function askPlace(
  source: InitSource,
  { path, servers, topic }: InitAnswers,
  io: Io,
): Promise<Pick<InitAnswers, 'path' | 'servers' | 'topic'>> {
  if (source === 'file') {
    const message = 'Which files? A name or a pattern, such as logs/*.ndjson';
    return { servers, topic, path: await answerOf(text({ ...io, message, initialValue: path, validate: emptyFault })) };
  }
  if (source !== 'kafka') return { path, servers, topic };
  return {
    path,
    servers: await answerOf(text({ ...io, message: 'Which brokers?', initialValue: servers, validate: serversFault })),
    topic: await answerOf(text({ ...io, message: 'Which topic?', initialValue: topic, validate: topicFault })),
  };
}

async function askEvent(
  defaults: InitAnswers,
  fields: SampleFields | null,
  io: Io,
): Promise<Pick<InitAnswers, 'timestamp' | 'timestampUnit' | 'key' | 'values'>> {
  const [time] = fields?.times ?? [];
  const timestamp = await answerOf(
    text({
      ...io,
      message: 'Which field holds the time of the event?',
      initialValue: time?.path ?? defaults.timestamp,
      validate: pathFault,
    }),
  );
  const found = fields?.times.find(({ path }) => path === timestamp);
  return {
    timestamp,
    timestampUnit: found?.unit ?? defaults.timestampUnit,
    key: await askFields('Group by which fields?', fields?.keys, defaults.key, io),
    values: await askFields('Which numbers are to be aggregated?', fields?.numbers, defaults.values, io),
  };
}

/** Of fields that are known a person picks some; otherwise they are typed, with commas between. */
async function askFields(
  message: string,
  known: readonly string[] | undefined,
  usual: readonly string[],
  io: Io,
): Promise<readonly string[]> {
  if (known !== undefined && known.length > 0) {
    const options = known.map((field) => ({ value: field, label: field }));
    const initialValues = known.filter((field) => usual.includes(field));
    return answerOf(
      multiselect<string>({ ...io, message: `${message} (space picks)`, options, initialValues, required: false }),
    );
  }
  const typed = await answerOf(
    text({
      ...io,
      message: `${message} With commas; empty for none`,
      initialValue: usual.join(','),
      validate: pathsFault,
    }),
  );
  return pathsOf(typed);
}

function pathsOf(typed: string): readonly string[] {
  return typed
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
}

async function answerOf<T>(asked: Promise<T | typeof CANCEL_SYMBOL>): Promise<T> {
  const answer = await asked;
  if (answer === CANCEL_SYMBOL) throw new Cancelled();
  return answer;
}

/** Says on the terminal that nothing was made. */
export function sayCancelled({ stderr }: Pick<CliIo, 'stderr'>): void {
  cancel('Nothing was written.', { output: stderr });
}

function emptyFault(value: string | undefined): string | undefined {
  return (value ?? '').trim() === '' ? 'something is needed here' : undefined;
}

function topicFault(value: string | undefined): string | undefined {
  return /^(?!\.\.?$)[A-Za-z0-9._-]{1,249}$/.test(value ?? '')
    ? undefined
    : 'letters, digits, dots, hyphens and underscores';
}

function serversFault(value: string | undefined): string | undefined {
  const areFine = (value ?? '').split(',').every((server) => /^[^\s:,/]+:\d{1,5}$/.test(server.trim()));
  return areFine ? undefined : 'write host:port, several joined by commas';
}

function durationFault(value: string | undefined): string | undefined {
  return faultOf(() => {
    if (parseDuration((value ?? '').trim(), 'this') <= 0) throw new RangeError('it must be longer than nothing');
  });
}

function pathFault(value: string | undefined): string | undefined {
  return faultOf(() => parseFieldPath((value ?? '').trim()));
}

function pathsFault(value: string | undefined): string | undefined {
  return faultOf(() => pathsOf(value ?? '').forEach((path) => parseFieldPath(path)));
}

function faultOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
