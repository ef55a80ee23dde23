import { z } from 'zod';
import { count, instant, page, seconds } from './shapes.ts';

/** `GET /v1/windows`. */
export const windowsQuery = z.strictObject({
  ...page(1000, 100),
  window: z.string().optional().describe('Only those of this window definition.'),
  search: z.string().max(200).optional().describe('Only those whose key contains this text, in any case.'),
});

/** `GET /v1/windows`. */
export const windows = z
  .object({
    total: count().describe('Open windows, counted per key.'),
    matched: count().describe('Of the 10,000 that end first, those that are asked for.'),
    windows: z.array(
      z.object({
        window: z.string().describe('Name of the window definition.'),
        start: instant(),
        end: instant(),
        key: z.string().nullable(),
        fired: z.boolean().describe('True where it has given a result, and is kept for late events.'),
      }),
    ),
  })
  .meta({ id: 'Windows', description: 'Windows that hold state in memory, the earliest end first.' });

/** `GET /v1/windows/explain`. */
export const explanationQuery = z.strictObject(page(1000, 100));

/** `GET /v1/windows/explain`. */
export const explanation = z
  .object({
    watermark: instant().nullable(),
    held_back_by: z
      .object({
        partition: z.string(),
        watermark: instant().nullable(),
        caught_up: z.boolean(),
        silent_seconds: seconds(),
      })
      .nullable()
      .describe('The partition that the watermark waits for; null where none is active.'),
    active: count().describe('How many partitions are active.'),
    idle: z.array(z.string()).describe('Partitions that are silent, and not waited for.'),
    finished: z.array(z.string()).describe('Partitions that have ended.'),
    disorder_seconds: seconds().nullable(),
    idle_timeout_seconds: seconds().nullable(),
    total: count().describe('Spans of time that have open windows, 1,000 at most of either kind.'),
    waiting: count().describe('Of these, those that are waited for; the others are only kept for late events.'),
    windows: z.array(
      z.object({
        window: z.string().describe('Name of the window definition.'),
        start: instant(),
        end: instant(),
        keys: count().describe('How many keys have a window of this span.'),
        key: z.string().nullable().describe('One of them.'),
        fired: z.boolean(),
        reason: z.enum(['not_running', 'no_events', 'watermark', 'all_idle', 'due', 'fired']),
        text: z.string().describe('The reason, for people.'),
        remaining_seconds: seconds().nullable().describe('How far the watermark is from the end.'),
        kept_until: instant().describe('The watermark until which it is kept for late events.'),
      }),
    ),
  })
  .meta({
    id: 'Explanation',
    description:
      'Why the open windows have not fired; those of the same span together. Those that are waited for come first, the earliest end before the others, then those that are only kept for late events.',
  });
