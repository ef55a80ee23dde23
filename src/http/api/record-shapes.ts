import { z } from 'zod';
import { count, instant, seconds, whole } from './shapes.ts';

/** A query for the newest of a list. */
export const recentQuery = z.strictObject({
  limit: whole(1, 200, 50, 'How many to give at most, the newest first.'),
});

const total = count().describe('How many there have been in this process.');
/** The first bytes of a record. */
export const preview = z
  .object({
    text: z.string().describe('The first 256 bytes; what is not printable is escaped, such as `\\n` or `\\xff`.'),
    size_bytes: count().describe('How many bytes the record has.'),
    is_cut: z.boolean(),
  })
  .meta({ id: 'Preview', description: 'The first bytes of a record.' });

/** `GET /v1/dead-letters`. */
export const deadLetters = z
  .object({
    total,
    dead_letters: z.array(
      z.object({
        time: instant(),
        reason: z.string(),
        message: z.string(),
        path: z.string().nullable().describe('Of the field at fault.'),
        partition: z.string(),
        offset: z.number().nullable(),
        preview,
      }),
    ),
  })
  .meta({ id: 'DeadLetters', description: 'Records that could not be used, the newest first.' });

/** `GET /v1/late-events`. */
export const lateEvents = z
  .object({
    total,
    late_events: z.array(
      z.object({
        time: instant(),
        event_time: instant(),
        lateness_seconds: seconds().describe('How far it was behind the watermark.'),
        window: z.object({ start: instant(), end: instant(), key: z.string().nullable() }),
        partition: z.string(),
        offset: z.number().nullable(),
        preview,
      }),
    ),
  })
  .meta({ id: 'LateEvents', description: 'Events that came too late for a window, the newest first.' });

/** `GET /v1/epochs`. */
export const epochs = z
  .object({
    total,
    epochs: z.array(
      z.object({
        epoch: count(),
        time: instant().describe('When it was committed.'),
        commit_seconds: seconds(),
        delivery_seconds: seconds().nullable(),
        records: count(),
        results: count(),
        late_events: count(),
        dead_letters: count(),
      }),
    ),
  })
  .meta({ id: 'Epochs', description: 'Epochs that were committed and delivered, the newest first.' });

/** `GET /v1/checkpoints`. */
export const checkpoints = z
  .object({
    total,
    checkpoints: z.array(
      z.object({
        id: z.string(),
        time: instant(),
        duration_seconds: seconds(),
        size_bytes: count().nullable().describe('Null where it could not be made.'),
        error: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Checkpoints', description: 'Checkpoints of this process, made or not, the newest first.' });

/** `GET /v1/problems`. */
export const problems = z
  .object({
    total,
    problems: z.array(
      z.object({
        time: instant(),
        level: z.enum(['warn', 'error']),
        message: z.string(),
        details: z.record(z.string(), z.string()),
      }),
    ),
  })
  .meta({ id: 'Problems', description: 'Warnings and errors of the run, the newest first.' });
