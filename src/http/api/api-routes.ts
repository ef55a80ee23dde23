import type { RunMonitor } from '../../monitor/run-monitor.ts';
import { fail, type RequestContext } from '../answers.ts';
import { OPERATIONS, type AnswerOf, type Operation, type OperationName, type QueryOf } from './operations.ts';
import { partitionsAnswer, pipelineAnswer, ratesAnswer, statusAnswer } from './pipeline-answers.ts';
import { readQuery } from './query.ts';
import {
  checkpointsAnswer,
  deadLettersAnswer,
  epochsAnswer,
  lateEventsAnswer,
  problemsAnswer,
} from './record-answers.ts';
import { keysAnswer, resultsAnswer, seriesAnswer } from './result-answers.ts';
import { explanationAnswer, windowsAnswer } from './window-answers.ts';

type Answers = { readonly [N in OperationName]: (monitor: RunMonitor, query: QueryOf<N>) => AnswerOf<N> };

const ANSWERS: Answers = {
  status: statusAnswer,
  pipeline: pipelineAnswer,
  rates: ratesAnswer,
  partitions: partitionsAnswer,
  windows: windowsAnswer,
  explanation: explanationAnswer,
  keys: keysAnswer,
  series: seriesAnswer,
  results: resultsAnswer,
  deadLetters: deadLettersAnswer,
  lateEvents: lateEventsAnswer,
  epochs: epochsAnswer,
  checkpoints: checkpointsAnswer,
  problems: problemsAnswer,
};

/** A path, and what answers to it. */
export interface ApiRoute {
  readonly path: string;
  /** What it is for, in a line. */
  readonly summary: string;
  readonly answer: (c: RequestContext) => Response;
}

/** The pages of the API that answer with JSON. */
export function apiRoutes(monitor: RunMonitor): readonly ApiRoute[] {
  return Object.keys(OPERATIONS).map((name) => routeOf(name as OperationName, monitor));
}

function routeOf(name: OperationName, monitor: RunMonitor): ApiRoute {
  const { path, summary, query }: Operation = OPERATIONS[name];
  // Of one operation the shape gives what the answer takes: that the two belong together is lost in a table.
  const answer = ANSWERS[name] as (from: RunMonitor, asked: unknown) => object;
  return {
    path,
    summary,
    answer(c) {
      const read = readQuery(query, new URL(c.req.url).searchParams);
      if (!read.ok) return fail(c, 400, 'invalid_query', read.message);
      const unknown = unknownWindow(monitor, read.value);
      if (unknown !== null) return fail(c, 400, 'invalid_query', unknown);
      return c.json(answer(monitor, read.value));
    },
  };
}

/** What is wrong with a window definition that is asked for; null where it is there, or none is asked for. */
function unknownWindow({ outline }: RunMonitor, asked: unknown): string | null {
  const window = typeof asked === 'object' && asked !== null && 'window' in asked ? asked.window : undefined;
  const names = outline.windows.map(({ name }) => name);
  if (typeof window !== 'string' || names.includes(window)) return null;
  return `window takes the name of a window definition: ${names.join(', ')}`;
}
