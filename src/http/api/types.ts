import type { z } from 'zod';
import type * as pipelineShapes from './pipeline-shapes.ts';
import type * as recordShapes from './record-shapes.ts';
import type * as resultShapes from './result-shapes.ts';
import type * as windowShapes from './window-shapes.ts';
import type { failure } from './shapes.ts';

/** `GET /v1/status`. */
export type Status = z.output<typeof pipelineShapes.status>;
/** `GET /v1/pipeline`. */
export type PipelineInfo = z.output<typeof pipelineShapes.pipeline>;
/** `GET /v1/rates`. */
export type RateHistory = z.output<typeof pipelineShapes.rateHistory>;
/** `GET /v1/partitions`. */
export type Partitions = z.output<typeof pipelineShapes.partitions>;
/** `GET /v1/windows`. */
export type Windows = z.output<typeof windowShapes.windows>;
/** `GET /v1/windows/explain`. */
export type Explanation = z.output<typeof windowShapes.explanation>;
/** `GET /v1/keys`. */
export type Keys = z.output<typeof resultShapes.keys>;
/** `GET /v1/series`. */
export type Series = z.output<typeof resultShapes.series>;
/** `GET /v1/results`. */
export type Results = z.output<typeof resultShapes.results>;
/** `GET /v1/dead-letters`. */
export type DeadLetters = z.output<typeof recordShapes.deadLetters>;
/** `GET /v1/late-events`. */
export type LateEvents = z.output<typeof recordShapes.lateEvents>;
/** `GET /v1/epochs`. */
export type Epochs = z.output<typeof recordShapes.epochs>;
/** `GET /v1/checkpoints`. */
export type Checkpoints = z.output<typeof recordShapes.checkpoints>;
/** `GET /v1/problems`. */
export type Problems = z.output<typeof recordShapes.problems>;
/** Every answer that is an error. */
export type Failure = z.output<typeof failure>;
