import { messageOf } from '../../errors/message-of.ts';
import type { Explanation, Keys, Partitions, PipelineInfo, RateHistory, Status } from '../../http/api/types.ts';

/** What one look at a running processor gives. */
export interface Glance {
  readonly status: Status;
  readonly pipeline: PipelineInfo;
  readonly rates: RateHistory;
  readonly partitions: Partitions;
  readonly windows: Explanation;
  readonly keys: Keys;
}

/** Why there is nothing to see. */
export class NoGlance extends Error {
  override readonly name = 'NoGlance';
}

/** What is looked at, and how. */
export interface GlanceOptions {
  /** Where the processor listens, without a slash at its end. */
  readonly url: string;
  readonly token: string | undefined;
  readonly sort: KeyOrder;
  readonly signal: AbortSignal;
}

/** What keys can be sorted by. */
export type KeyOrder = 'volume' | 'key' | 'value';

/** More rows than any terminal shows. */
const ROWS = 200;
const POINTS = 24;

/** Asks for everything at once. @throws NoGlance, in words for a person. */
export async function glance({ url, token, sort, signal }: GlanceOptions): Promise<Glance> {
  const get = async <T>(path: string): Promise<T> => (await answerOf(`${url}/v1/${path}`, token, signal)) as T;
  const pipeline = await get<PipelineInfo>('pipeline');
  const [, trend] = namesByInterest(pipeline.values.map(({ name }) => name));
  const value = trend === undefined ? '' : `&value=${encodeURIComponent(trend)}`;
  const [status, rates, partitions, windows, keys] = await Promise.all([
    get<Status>('status'),
    get<RateHistory>('rates'),
    get<Partitions>(`partitions?limit=${String(ROWS)}`),
    get<Explanation>(`windows/explain?limit=${String(ROWS)}`),
    get<Keys>(`keys?limit=${String(ROWS)}&sort=${sort}&points=${String(POINTS)}${value}`),
  ]);
  return { status, pipeline, rates, partitions, windows, keys };
}

/** Aggregates by how much they tell at a glance. */
const INTEREST = ['p95', 'average', 'p99', 'p50', 'max', 'min', 'sum', 'stddev'];

/** The numbers of results in the order to show them: how many, then the most telling of each metric. One count is enough. */
export function namesByInterest(names: readonly string[]): readonly string[] {
  const rank = (name: string): number => {
    const at = INTEREST.indexOf(aggregateOf(name));
    return at === -1 ? INTEREST.length : at;
  };
  const count = names.find((name) => aggregateOf(name) === 'count');
  const others = names.filter((name) => aggregateOf(name) !== 'count').toSorted((a, b) => rank(a) - rank(b));
  return count === undefined ? others : [count, ...others];
}

function aggregateOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

async function answerOf(url: string, token: string | undefined, signal: AbortSignal): Promise<unknown> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(url, { headers, redirect: 'error', signal });
  } catch (error) {
    const reason = messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
    throw new NoGlance(`nothing answers at ${new URL(url).origin} (${reason})`, { cause: error });
  }
  if (response.status === 401 || response.status === 403) {
    throw new NoGlance('the processor wants its token: give --config, or PROCESSOR_HTTP__TOKEN');
  }
  const strange = (what: string): NoGlance =>
    new NoGlance(`${url} answered ${what}; is it a processor of this version?`);
  if (!response.ok) throw strange(String(response.status));
  try {
    return await response.json();
  } catch (error) {
    if (signal.aborted) throw new NoGlance(`${url} did not answer in time`, { cause: error });
    throw strange('something that is no JSON');
  }
}
