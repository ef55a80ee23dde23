import { z } from 'zod';
import { FIELD_PATH_ALLOWED, fieldPath, secs, setting } from './setting.ts';

/** `processor.event`: which fields of an event mean what. */
export const eventSchema = setting(
  z.strictObject({
    timestamp: setting(fieldPath().default('timestamp'), {
      description: 'Path of the event time: `a.b[0].c`, or `["a", "b.c"]` where a name has a dot.',
      allowed: FIELD_PATH_ALLOWED,
      example: 'meta.created_at',
    }),
    timestamp_unit: setting(z.enum(['s', 'ms', 'us', 'ns']).default('ms'), {
      description: 'What a number in the place of the event time counts since 1970. Text is read as RFC 3339.',
    }),
    time: setting(z.enum(['event', 'ingestion', 'processing']).default('event'), {
      description: 'The time events are windowed by: their own, that of their arrival, or that of their handling.',
    }),
    key: setting(
      z.array(setting(fieldPath(), { description: 'Path of a key field.', allowed: FIELD_PATH_ALLOWED })).default([]),
      {
        description: 'Paths of the fields that events are grouped by. `[]` is one group of all events.',
        allowed: 'a list of field paths, such as [model, region]',
        example: ['model', 'region'],
      },
    ),
    value: setting(fieldPath().optional(), {
      description:
        'Path of the one number to aggregate; results are then flat. Neither `value` nor `values`: events are only counted.',
      allowed: FIELD_PATH_ALLOWED,
      example: 'latency_ms',
    }),
    values: setting(
      z
        .map(z.string(), setting(fieldPath(), { description: 'Path of a metric.', allowed: FIELD_PATH_ALLOWED }))
        .optional(),
      {
        description:
          'Several numbers to aggregate, as name and path; results are then `results.<name>.<aggregate>`. Not together with `value`.',
        allowed: 'names with their field paths, such as { latency_ms: latency_ms, cost: usage.cost }',
        example: { latency_ms: 'latency_ms', cost: 'usage.cost' },
      },
    ),
    max_future_secs: setting(secs().default(3600), {
      description: 'An event further ahead of the clock than this goes to the dead letters, and moves no watermark.',
      unit: 'seconds',
    }),
  }),
  { description: 'Which fields of an event mean what.' },
);
