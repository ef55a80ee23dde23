import { z } from 'zod';
import * as pipelineShapes from './pipeline-shapes.ts';
import * as recordShapes from './record-shapes.ts';
import * as resultShapes from './result-shapes.ts';
import * as windowShapes from './window-shapes.ts';

/** A page that is read: what it is asked for, and what it answers. */
export interface Operation<Q extends z.ZodType = z.ZodType, A extends z.ZodType = z.ZodType> {
  readonly path: string;
  /** What it is for, in a line. */
  readonly summary: string;
  readonly query: Q;
  readonly answer: A;
}

function operation<Q extends z.ZodType, A extends z.ZodType>(
  path: string,
  summary: string,
  query: Q,
  answer: A,
): Operation<Q, A> {
  return { path, summary, query, answer };
}

const nothing = z.strictObject({});

/** The pages of the API that answer with JSON; its routes and its documentation are made from this table. */
export const OPERATIONS = {
  status: operation('/v1/status', 'How the run stands', nothing, pipelineShapes.status),
  pipeline: operation('/v1/pipeline', 'What the pipeline is made of', nothing, pipelineShapes.pipeline),
  rates: operation('/v1/rates', 'What has flowed in the last minutes', nothing, pipelineShapes.rateHistory),
  partitions: operation(
    '/v1/partitions',
    'Partitions of the source: watermarks, offsets, lag, idleness',
    pipelineShapes.partitionsQuery,
    pipelineShapes.partitions,
  ),
  windows: operation('/v1/windows', 'Open windows', windowShapes.windowsQuery, windowShapes.windows),
  explanation: operation(
    '/v1/windows/explain',
    'Why the open windows have not fired',
    windowShapes.explanationQuery,
    windowShapes.explanation,
  ),
  keys: operation('/v1/keys', 'Keys, with their latest numbers', resultShapes.keysQuery, resultShapes.keys),
  series: operation('/v1/series', 'Numbers over time, by key', resultShapes.seriesQuery, resultShapes.series),
  results: operation(
    '/v1/results',
    'The latest results, by key and range',
    resultShapes.resultsQuery,
    resultShapes.results,
  ),
  deadLetters: operation(
    '/v1/dead-letters',
    'Records that could not be used lately',
    recordShapes.recentQuery,
    recordShapes.deadLetters,
  ),
  lateEvents: operation(
    '/v1/late-events',
    'Events that came too late lately',
    recordShapes.recentQuery,
    recordShapes.lateEvents,
  ),
  epochs: operation('/v1/epochs', 'Epochs committed lately', recordShapes.recentQuery, recordShapes.epochs),
  checkpoints: operation(
    '/v1/checkpoints',
    'Checkpoints made lately',
    recordShapes.recentQuery,
    recordShapes.checkpoints,
  ),
  problems: operation('/v1/problems', 'Warnings and errors of late', recordShapes.recentQuery, recordShapes.problems),
} as const;

/** Names of the {@link OPERATIONS}. */
export type OperationName = keyof typeof OPERATIONS;

/** What the query of an operation comes to. */
export type QueryOf<N extends OperationName> = z.output<(typeof OPERATIONS)[N]['query']>;

/** What an operation answers. */
export type AnswerOf<N extends OperationName> = z.output<(typeof OPERATIONS)[N]['answer']>;
