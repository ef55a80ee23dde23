import { z } from 'zod';
import { lastCheckpoint, lastCommit } from './pipeline-shapes.ts';
import { count, instant } from './shapes.ts';

/** `GET /health`. */
export const health = z
  .object({
    status: z.enum(['ok', 'degraded', 'failed', 'starting', 'stopping', 'finished']),
    pipeline: z.string(),
    uptime_seconds: count(),
    components: z.record(
      z.string(),
      z.object({ status: z.enum(['ok', 'degraded', 'failed']), message: z.string().nullable() }),
    ),
    recovery: z.object({ percent: z.number() }).optional().describe('While the state of an earlier run is taken up.'),
    epoch: count(),
    watermark: instant().nullable(),
    active_windows: count(),
    firing: z.boolean().describe('True while windows that the watermark has closed have still to fire.'),
    state_size_bytes: z.number(),
    state: z.object({
      backend: z.string(),
      full: z.boolean(),
      last_commit: lastCommit,
      last_checkpoint: lastCheckpoint,
      checkpoint_failures: count(),
    }),
    events: z.object({
      read: count(),
      rejected: count(),
      filtered: count(),
      late_accepted: count(),
      late_dropped: count(),
    }),
  })
  .meta({
    id: 'Health',
    description: '200 while running, degraded or not; 503 before, after, and when it has failed.',
  });

/** `GET /ready`. */
export const ready = z
  .object({ ready: z.boolean(), state: z.string() })
  .meta({ id: 'Ready', description: '200 while running and not failed, else 503.' });

/** `POST /v1/events`, where all were taken. */
export const accepted = z.object({ accepted: count() }).meta({ id: 'Accepted' });

/** `POST /v1/events`, where some were not. */
export const refused = z
  .object({
    accepted: count(),
    rejected: z.array(z.object({ index: count(), reason: z.string(), message: z.string() })),
    error: z.object({ code: z.string(), message: z.string() }),
  })
  .meta({ id: 'Refused', description: 'Which events of a request were not taken, and why.' });

/** The body of `POST /v1/checkpoints`. */
export const checkpointRequest = z
  .strictObject({ id: z.string().optional().describe('Default: one that begins with `manual-`, with the time.') })
  .meta({ id: 'CheckpointRequest' });

/** `POST /v1/checkpoints`. */
export const checkpointMade = z
  .object({ id: z.string(), createdAt: z.number().describe('ms since 1970'), sizeBytes: count() })
  .meta({ id: 'CheckpointMade' });
