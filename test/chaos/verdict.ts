import type { Expected } from '../oracle/oracle.ts';
import { oracle } from '../oracle/oracle.ts';
import type { Drop, OracleConfig } from '../oracle/model.ts';
import { lateJson, type LateJson, type ResultJson } from '../oracle/result-json.ts';
import { compare } from '../properties/compare.ts';
import { canonical, multisetDifference } from '../properties/equality.ts';
import { byWindow } from '../properties/laws.ts';
import type { Observed } from '../properties/subject.ts';
import type { Given } from './feed.ts';

/** What the files hold when all is over, and what `state inspect --json` prints. */
export interface Outputs {
  readonly results: string;
  readonly lateEvents: string;
  readonly deadLetters: string;
  readonly inspection: string;
}

/** How the outcome of a round differs from the right one. */
export interface Verdict {
  readonly events: number;
  /** Windows that must have a result. */
  readonly windows: number;
  readonly missing: number;
  readonly duplicate: number;
  /** All other differences. */
  readonly wrong: number;
  /** All differences, as text. */
  readonly differences: readonly string[];
}

/** The part of `state inspect --json` that is looked at. */
export interface Inspection {
  readonly pipelines: readonly {
    readonly epoch: number | null;
    readonly partitions: readonly { readonly id: string; readonly offset: number | null }[];
    readonly counters: Readonly<Record<string, number>>;
    readonly undelivered: Readonly<Record<string, number>>;
  }[];
}

interface Differences {
  readonly missing: readonly string[];
  readonly duplicate: readonly string[];
  readonly wrong: readonly string[];
}

/** First key fields among results, as far as they can be read. */
export function keysOf(results: string): ReadonlySet<string> {
  const { objects } = linesOf(results, 'results');
  return new Set((objects as readonly ResultJson[]).map(({ key }) => Object.values(key ?? {})[0] ?? ''));
}

/**
 * Compares what a pipeline has left with what the oracle makes of the input. Nothing is forgiven: a line that is
 * there twice is a duplicate. `firedUpTo`: the last watermark; windows that end later have no result yet.
 */
export function judge(config: OracleConfig, given: Given, outputs: Outputs, firedUpTo: number): Verdict {
  const all = oracle(config, given.partitions);
  const expected = { ...all, windows: all.windows.filter(({ span }) => span.end <= firedUpTo) };
  const found: Differences[] = [
    judgeResults(expected, outputs),
    judgeDeadLetters(given, outputs.deadLetters),
    judgeInspection(given, outputs.inspection),
  ];
  const [missing, duplicate, wrong] = (['missing', 'duplicate', 'wrong'] as const).map((kind) =>
    found.flatMap((each) => each[kind]),
  ) as [string[], string[], string[]];
  return {
    events: all.events,
    windows: expected.windows.length,
    missing: missing.length,
    duplicate: duplicate.length,
    wrong: wrong.length,
    differences: [
      ...missing.map((text) => `missing: ${text}`),
      ...duplicate.map((text) => `duplicate: ${text}`),
      ...wrong.map((text) => `wrong: ${text}`),
    ],
  };
}

function judgeResults(expected: Expected, outputs: Outputs): Differences {
  const results = linesOf(outputs.results, 'results');
  const late = linesOf(outputs.lateEvents, 'late events');
  const observed: Observed = {
    results: (results.objects as readonly (ResultJson & { timestamp?: string })[]).map(
      ({ timestamp: _timestamp, ...result }) => result,
    ),
    late: (late.objects as readonly LateJson[]).map(({ source, window, watermark, lateness_ms }) => ({
      source,
      window,
      watermark,
      lateness_ms,
    })),
    counters: countersOf(outputs.inspection),
  };
  const windows = byWindow(observed.results);
  const lateDifferences = compareWith(expected.drops.map(lateText), observed.late.map(canonical));
  // What is counted here already.
  const known = /: never fired$|^id twice: |^(?:not )?dropped: /;
  return {
    missing: [...expected.windows.map(({ id }) => id).filter((id) => !windows.has(id)), ...lateDifferences.missing],
    duplicate: [...repeated(observed.results.map(({ id }) => id)), ...lateDifferences.duplicate],
    wrong: [
      ...results.torn,
      ...late.torn,
      ...lateDifferences.wrong,
      ...compare(expected, observed).filter((text) => !known.test(text)),
    ],
  };
}

function lateText(drop: Drop): string {
  return canonical(lateJson(drop));
}

/** Late events, as texts. Two windows of one span make two of them that are the same. */
function compareWith(expected: readonly string[], found: readonly string[]): Differences {
  const { missing, surplus } = multisetDifference(expected, found);
  const known = new Set(expected);
  const told = (text: string): string => `late event ${text}`;
  return {
    missing: missing.map(told),
    duplicate: surplus.filter((text) => known.has(text)).map(told),
    wrong: surplus.filter((text) => !known.has(text)).map(told),
  };
}

function judgeDeadLetters(given: Given, text: string): Differences {
  const { objects, torn } = linesOf(text, 'dead letters');
  const found = (
    objects as readonly {
      readonly error: { readonly code: string };
      readonly source: { readonly partition: string; readonly offset: number };
      readonly raw: string;
    }[]
  ).map(({ error, source, raw }) => JSON.stringify([source.partition, source.offset, error.code, raw]));
  const expected = given.deadLetters.map(({ partition, offset, reason, text: raw }) =>
    JSON.stringify([partition, offset, reason, Buffer.from(raw).toString('base64')]),
  );
  const [wanted, seen] = [new Set(expected), new Set(found)];
  return {
    missing: expected.filter((letter) => !seen.has(letter)).map((letter) => `dead letter ${letter}`),
    duplicate: repeated(found).map((letter) => `dead letter ${letter}`),
    wrong: [...torn, ...found.filter((letter) => !wanted.has(letter)).map((letter) => `dead letter ${letter}`)],
  };
}

/** The state must be at the end of each partition, and have nothing left to deliver. */
function judgeInspection({ ends }: Given, inspection: string): Differences {
  const { partitions, undelivered } = pipelineOf(inspection);
  const offsets = new Map(partitions.map(({ id, offset }) => [id, offset]));
  const wrong: string[] = [];
  for (const [id, [least, most]] of ends) {
    // A partition of which nothing was read has no position.
    const offset = offsets.get(id) ?? (least === 0 ? 0 : null);
    if (offset === null || offset < least || offset > most) {
      wrong.push(`the state is at offset ${String(offset)} of ${id}, which ends at ${String(least)}`);
    }
    offsets.delete(id);
  }
  for (const id of offsets.keys()) wrong.push(`the state has a partition ${id} that is not in the input`);
  for (const [what, count] of Object.entries(undelivered)) {
    if (count !== 0) wrong.push(`the state has ${String(count)} ${what} to deliver`);
  }
  return { missing: [], duplicate: [], wrong };
}

function countersOf(inspection: string): Observed['counters'] {
  const { counters } = pipelineOf(inspection);
  const names = [
    ...(['read', 'decoded', 'rejected', 'fired'] as const),
    ...(['assigned', 'onTime', 'outOfOrder', 'acceptedLate', 'droppedLate', 'unassigned'] as const),
  ];
  return Object.fromEntries(
    names.map((name) => [name, counters[name] ?? Number.NaN]),
  ) as unknown as Observed['counters'];
}

function pipelineOf(inspection: string): Inspection['pipelines'][number] {
  const [pipeline, ...others] = (JSON.parse(inspection) as Inspection).pipelines;
  if (pipeline === undefined || others.length > 0) throw new Error('the state is not of exactly one pipeline');
  return pipeline;
}

/** The JSON objects of a file of lines, and what is wrong with its form. */
function linesOf(
  text: string,
  file: string,
): { readonly objects: readonly unknown[]; readonly torn: readonly string[] } {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  const torn = last === '' ? [] : [`the last line of the ${file} has no end: ${last.slice(0, 80)}`];
  const objects = lines.flatMap((line, index) => {
    try {
      return [JSON.parse(line) as unknown];
    } catch {
      torn.push(`line ${String(index + 1)} of the ${file} is no JSON: ${line.slice(0, 80)}`);
      return [];
    }
  });
  return { objects, torn };
}

/** Each text that is there more than once, once for each time too many. */
function repeated(texts: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return texts.filter((text) => {
    const isRepeated = seen.has(text);
    seen.add(text);
    return isRepeated;
  });
}
