import { z } from 'zod';
import { count, instant, moment, page, several, whole } from './shapes.ts';

const windowName = z
  .string()
  .optional()
  .describe('Name of the window definition. Default: the first that has results.');
const key = z
  .string()
  .describe('As keys are written: `model=gpt-4::region=us-west-2`; empty where nothing is grouped.');
const fields = z.record(z.string(), z.string().nullable()).describe('The fields of the key.');

/** What keys can be sorted by. */
export const KEY_ORDERS = ['volume', 'key', 'value', 'updated'] as const;

/** `GET /v1/keys`. */
export const keysQuery = z.strictObject({
  ...page(500, 50),
  window: windowName,
  search: z.string().max(200).optional().describe('Only keys that contain all of these words, in any case.'),
  sort: z
    .enum(KEY_ORDERS)
    .default('volume')
    .describe('By events counted, by name, by the latest number that `by` names, by the newest window.'),
  order: z.enum(['asc', 'desc']).optional().describe('Default: names rising, all else falling.'),
  by: z.string().optional().describe('The number that is sorted by with `sort=value`. Default: `value`.'),
  value: z.string().optional().describe('The number that `recent` has. Default: the first.'),
  points: whole(0, 120, 30, 'How many of it `recent` has.'),
});

/** `GET /v1/keys`. */
export const keys = z
  .object({
    window: z.string().nullable().describe('Null before there are results.'),
    value: z.string().nullable(),
    total: count().describe('Keys that results are kept of.'),
    matched: count().describe('Of these, those that are asked for.'),
    offset: count().describe('How many of them are left out before those that follow.'),
    keys: z.array(
      z.object({
        key,
        fields,
        volume: count().describe('Events counted in the windows that are kept.'),
        start: instant().describe('Of the newest window.'),
        end: instant(),
        revised: z.boolean().describe('True where late events have changed it since it first fired.'),
        latest: z.record(z.string(), z.number().nullable()).describe('Its numbers, by name.'),
        recent: z
          .array(z.tuple([z.number(), z.number().nullable()]))
          .describe('The end of a window, in ms since 1970, and the number that was asked for; oldest first.'),
      }),
    ),
  })
  .meta({ id: 'Keys', description: 'The keys that results are kept of, with the newest.' });

/** `GET /v1/series`. */
export const seriesQuery = z.strictObject({
  window: windowName,
  key: several(20, 'Up to 20 keys; `key=` is that of a pipeline that groups nothing.'),
  value: several(20, 'Up to 20 numbers, by the names that `/v1/pipeline` gives them.'),
  from: moment('Only windows that end after this.'),
  to: moment('Only windows that start before this.'),
  limit: whole(1, 5000, 500, 'Of each key, the newest so many.'),
});

/** `GET /v1/series`. */
export const series = z
  .object({
    window: z.string().nullable(),
    values: z.array(z.string()).describe('The names of the numbers in `points`, from the fifth on.'),
    series: z.array(
      z.object({
        key,
        points: z
          .array(z.array(z.number().nullable()))
          .describe('`[end, start, pane, revised, …values]`, oldest first: ms since 1970, index of the pane, 1 or 0.'),
      }),
    ),
  })
  .meta({ id: 'Series', description: 'Numbers over time, by key, for charts. The last pane of each window.' });

/** A result, as every sink writes it. */
export const result = z
  .object({
    id: z.string(),
    pipeline: z.string(),
    window: z.object({
      type: z.enum(['tumbling', 'sliding', 'session']),
      start: z.string(),
      end: z.string(),
      key: z.string().nullable(),
    }),
    key: fields.nullable(),
    results: z.record(z.string(), z.unknown()).describe('The aggregates, or those of each metric by its name.'),
    pane: z.object({
      index: count(),
      timing: z.enum(['early', 'on_time', 'late', 'retraction']),
      final: z.boolean(),
    }),
    timestamp: instant(),
  })
  .meta({ id: 'Result', description: 'The aggregates of one window of one key.' });

/** `GET /v1/results`. */
export const resultsQuery = z.strictObject({
  window: windowName,
  key: z.string().optional().describe('Default: the newest over all keys.'),
  from: moment('Only windows that end after this.'),
  to: moment('Only windows that start before this.'),
  limit: whole(1, 1000, 100, 'The newest so many.'),
});

/** `GET /v1/results`. */
export const results = z
  .object({
    window: z.string().nullable(),
    results: z.array(result),
  })
  .meta({
    id: 'Results',
    description: 'Results that are kept, the newest window first; the last pane of each. Of `results`, the numbers.',
  });

/** `GET /v1/stream`. */
export const streamQuery = z.strictObject({
  window: z.string().optional().describe('Only results of this window definition.'),
  key: several(100, 'Only results of these keys.').optional(),
  after: z
    .string()
    .optional()
    .describe('Resume after this id, as `Last-Event-ID` does; `0` is the oldest that is kept.'),
});

/** A message of `GET /v1/stream`. */
export const streamMessage = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('result'), id: z.string(), result }),
    z.object({ type: z.literal('position'), id: z.string() }),
    z.object({
      type: z.literal('reset'),
      id: z.string(),
      reason: z.enum(['gone', 'restarted', 'unknown']),
      message: z.string(),
    }),
  ])
  .meta({
    id: 'StreamMessage',
    description:
      'Over a WebSocket a message has this form. As server-sent events, `type` is the event, `id` its id, and the data is the result, or for `reset` its other fields; `position` is an event of an id alone.',
  });
