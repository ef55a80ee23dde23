import { z } from 'zod';
import { count, instant, page, seconds } from './shapes.ts';

const health = z.enum(['ok', 'degraded', 'failed']);

/** What flows. */
export const rates = z
  .object({
    read: z.number(),
    rejected: z.number(),
    accepted_late: z.number(),
    dropped_late: z.number(),
    delivered: z.number().describe('Results that the sinks have taken.'),
  })
  .meta({ id: 'Rates', description: 'How many a second.' });

/** What has been counted. */
export const counters = z
  .object({
    read: count(),
    decoded: count(),
    rejected: count(),
    filtered: count(),
    assigned: count().describe('Events in windows: on_time + out_of_order + accepted_late + dropped_late.'),
    on_time: count(),
    out_of_order: count(),
    accepted_late: count(),
    dropped_late: count(),
    unassigned: count(),
    fired: count().describe('Results that windows have given.'),
    skipped: count().describe('Results that a sink has refused for good.'),
  })
  .meta({
    id: 'Counters',
    description: 'Totals since the pipeline first started, over restarts where its state is kept.',
  });

/** The last commit of a run. */
export const lastCommit = z.object({ epoch: count(), age_seconds: seconds(), duration_seconds: seconds() }).nullable();

/** The newest checkpoint. */
export const lastCheckpoint = z
  .object({ id: z.string(), age_seconds: seconds(), size_bytes: count(), duration_seconds: seconds().nullable() })
  .nullable();

/** The state of a run. */
export const storage = z
  .object({
    backend: z.string(),
    size_bytes: count().describe('Window state in memory, estimated.'),
    full: z.boolean().describe('True while a commit waits for room on the disk.'),
    recovery: z
      .object({ percent: z.number() })
      .nullable()
      .describe('Null unless the state of an earlier run is being taken up.'),
    last_commit: lastCommit,
    last_checkpoint: lastCheckpoint,
    checkpoint_failures: count(),
  })
  .meta({ id: 'Storage' });

/** `GET /v1/status`. */
export const status = z
  .object({
    pipeline: z.string(),
    instance: z.string().describe('Another one after each restart.'),
    time: instant().describe("The processor's clock."),
    state: z.enum(['starting', 'running', 'stopping', 'finished', 'failed']),
    health,
    started_at: instant(),
    uptime_seconds: seconds(),
    components: z.array(z.object({ name: z.string(), status: health, message: z.string().nullable() })),
    epoch: count(),
    watermark: instant().nullable().describe('Null before the first event, and at the end of the input.'),
    watermark_lag_seconds: seconds().nullable().describe('How far the watermark is behind the clock.'),
    partitions: z.object({ active: count(), idle: count(), finished: count() }),
    open_windows: count().describe('Counted per key.'),
    firing: z.boolean().describe('True while windows that the watermark has closed have still to fire.'),
    counters,
    rates: rates.nullable().describe('Over the last ten seconds; null before they can be told.'),
    rejections: z
      .array(z.object({ reason: z.string(), count: count(), example: z.string() }))
      .describe('Why this run has rejected records, the most frequent reason first.'),
    storage,
    history: z
      .object({
        keys: count(),
        windows: count(),
        size_bytes: count(),
        dropped: count().describe('Windows let go of, to keep within the bound.'),
        version: count().describe('Rises whenever results have come.'),
        last_id: z.string().describe('Id of the newest result in the stream, to resume after.'),
      })
      .describe('What is kept of the past in memory.'),
  })
  .meta({ id: 'Status', description: 'How the run stands.' });

/** `GET /v1/pipeline`. */
export const pipeline = z
  .object({
    name: z.string(),
    source: z.string(),
    time: z.enum(['event', 'ingestion', 'processing']),
    key: z.array(z.string()).describe('Fields that events are grouped by.'),
    metrics: z.array(z.string()),
    windows: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['tumbling', 'sliding', 'session']),
        description: z.string(),
        allowed_lateness_seconds: seconds(),
        has_trigger: z.boolean(),
      }),
    ),
    disorder_seconds: seconds()
      .nullable()
      .describe('How far out of order events may come; null where a rule of its own decides.'),
    idle_timeout_seconds: seconds().nullable().describe('Null where a silent partition is waited for however long.'),
    sinks: z.array(z.string()),
    has_late_sink: z.boolean(),
    has_dead_letter_sink: z.boolean(),
    state_backend: z.string(),
    commit_interval_seconds: seconds(),
    buffer_size: count(),
    values: z
      .array(z.object({ name: z.string(), metric: z.string().nullable(), aggregate: z.string() }))
      .describe('The numbers that results have had. `name` is how other pages call them.'),
  })
  .meta({
    id: 'Pipeline',
    description: 'What the pipeline is made of; it does not change while it runs, but for `values`.',
  });

/** `GET /v1/rates`. */
export const rateHistory = z
  .object({
    stretches: z.array(
      z.object({ start: instant(), end: instant(), rates, watermark_lag_seconds: seconds().nullable() }),
    ),
  })
  .meta({ id: 'RateHistory', description: 'What has flowed in about the last ten minutes, oldest first.' });

/** `GET /v1/partitions`. */
export const partitionsQuery = z.strictObject(page(1000, 100));

/** `GET /v1/partitions`. */
export const partitions = z
  .object({
    total: count(),
    partitions: z.array(
      z.object({
        id: z.string(),
        state: z.enum(['active', 'idle', 'finished']),
        watermark: instant().nullable().describe('Null before its first event.'),
        behind_seconds: seconds()
          .nullable()
          .describe('How far its watermark is behind that of the furthest partition.'),
        holds_back: z.boolean().describe("True for the partition that the pipeline's watermark waits for."),
        silent_seconds: seconds().describe('How long ago its last event came.'),
        idle_in_seconds: seconds().nullable().describe('When it will no longer be waited for, if nothing comes.'),
        offset: count().describe('Of the next record to read.'),
        committed_offset: count().nullable().describe('Of the next record that a restart would read.'),
        caught_up: z.boolean(),
        lag_records: count().nullable().describe('Records that wait to be read; null where the source cannot tell.'),
        bytes_read: count().nullable(),
        bytes_total: count().nullable(),
      }),
    ),
  })
  .meta({ id: 'Partitions' });
