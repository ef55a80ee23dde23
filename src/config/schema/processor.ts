import { z } from 'zod';
import { aggregationSchema } from './aggregation.ts';
import { errorHandlingSchema, lateEventsSchema, sinksSchema } from './delivery.ts';
import { eventSchema } from './event.ts';
import { kafkaSchema } from './kafka.ts';
import { httpSchema, loggingSchema, metricsSchema, stateSchema } from './service.ts';
import { setting, timerSecs, wholeNumber } from './setting.ts';
import { sourceSchema } from './source.ts';
import { watermarkSchema, windowsSchema } from './windows.ts';

/** `processor`: the whole configuration. Validation, defaults, types and the reference page all come from here. */
export const processorSchema = setting(
  z.strictObject({
    name: setting(
      z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,100}$/)
        .default('processor'),
      {
        description: 'Name of the pipeline: part of result ids, and what its state is kept under.',
        allowed: '1 to 100 letters, digits, dots, hyphens and underscores',
        example: 'llm-latency',
      },
    ),
    parallelism: setting(wholeNumber(1, 1024).optional(), {
      description: 'Accepted, and without effect: one thread aggregates. More is several instances.',
      unit: 'threads',
      defaultText: 'the number of cores',
      example: 4,
    }),
    buffer_size: setting(wholeNumber(1, 100_000_000).default(10_000), {
      description: 'Events read but not yet committed before sources are paused.',
      unit: 'events',
    }),
    commit_interval_ms: setting(wholeNumber(1, 3_600_000).default(100), {
      description: 'Length of an epoch: how often progress is committed and results are delivered.',
      unit: 'milliseconds',
    }),
    checkpoint_interval_secs: setting(timerSecs(0.001).default(60), {
      description: 'Time between two checkpoints of the state (`rocksdb`).',
      unit: 'seconds',
    }),
    checkpoints_retained: setting(wholeNumber(1, 10_000).default(3), {
      description: 'How many checkpoints are kept (`rocksdb`); the oldest go first.',
      unit: 'checkpoints',
    }),
    source: sourceSchema.prefault({}),
    event: eventSchema.prefault({}),
    state: stateSchema.prefault({}),
    windows: windowsSchema.prefault({}),
    watermark: watermarkSchema.prefault({}),
    aggregation: aggregationSchema.prefault({}),
    error_handling: errorHandlingSchema.prefault({}),
    late_events: lateEventsSchema.prefault({}),
    sinks: sinksSchema,
    kafka: kafkaSchema.prefault({}),
    metrics: metricsSchema.prefault({}),
    http: httpSchema.prefault({}),
    logging: loggingSchema.prefault({}),
  }),
  { description: 'The pipeline and the process it runs in.' },
);

/** The file: one key at the top, `processor`. */
export const fileSchema = z.strictObject({ processor: processorSchema.prefault({}) });

/** A configuration as its schema gives it: defaults filled in, but those that depend on other keys or the machine. */
export type CheckedConfig = z.output<typeof processorSchema>;

type SinkConfigs = NonNullable<CheckedConfig['sinks']>;

/** One entry of `processor.sinks`. */
export type SinkConfig = SinkConfigs[number];

/** A complete configuration; the keys are those of the file. */
export interface ProcessorConfig extends Omit<CheckedConfig, 'parallelism' | 'source' | 'sinks'> {
  readonly parallelism: number;
  readonly source: Omit<CheckedConfig['source'], 'type'> & {
    readonly type: NonNullable<CheckedConfig['source']['type']>;
  };
  readonly sinks: readonly SinkConfig[];
}
