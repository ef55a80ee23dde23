import { z } from 'zod';
import { filePath, secs, setting, text, wholeNumber } from './setting.ts';

/** The built-in sources, by name. */
const SOURCE_TYPES = ['kafka', 'file', 'stdin', 'http', 'demo'] as const;

/** `processor.source`: where events come from. */
export const sourceSchema = setting(
  z.strictObject({
    type: setting(z.enum(SOURCE_TYPES).optional(), {
      description: 'Where events come from.',
      defaultText: '`kafka` if `kafka.consumer` is given, else `demo`',
      example: 'file',
    }),
    format: setting(z.enum(['ndjson', 'json', 'csv']).optional(), {
      description:
        'How records are written: one JSON object a line, a JSON array of objects, or CSV with a header row.',
      defaultText: 'files: by the ending of each name, `.json`, `.csv`, else `ndjson`; otherwise `ndjson`',
      example: 'csv',
    }),
    paths: setting(z.array(filePath()).min(1).optional(), {
      description: 'Files to read (`file`): names or patterns. Sorted by name, each file is one partition.',
      allowed: 'a list of file names or patterns with at least one entry',
      example: ['events/*.ndjson'],
    }),
    follow: setting(z.boolean().default(false), {
      description: 'Keep reading what is appended to the files (`file`), and files that appear.',
    }),
    events_per_sec: setting(z.number().min(0).max(10_000_000).default(1000), {
      description: 'Events generated a second on average (`demo`); 0 is as fast as they are read.',
      unit: 'events',
    }),
    seed: setting(wholeNumber(0, 4_294_967_295).default(42), {
      description: 'Seed of the generated events (`demo`): the same seed gives the same events.',
    }),
    keys: setting(wholeNumber(1, 1_000_000).default(20), {
      description: 'How many different keys the generated events have (`demo`).',
      unit: 'keys',
    }),
    disorder_secs: setting(secs().max(86_400).default(5), {
      description: 'How far generated events are out of order, at most (`demo`).',
      unit: 'seconds',
    }),
    total: setting(z.union([wholeNumber(1), z.literal('unlimited')]).default('unlimited'), {
      description: 'Generated events after which the source ends (`demo`).',
      unit: 'events',
      allowed: 'a whole number ≥ 1, or unlimited',
    }),
    buffer_events: setting(wholeNumber(1, 10_000_000).default(10_000), {
      description: 'Events received but not yet read before clients are told to wait (`http`).',
      unit: 'events',
    }),
    max_body_bytes: setting(wholeNumber(1, 33_554_432).default(5_242_880), {
      description: 'The largest request body that is taken (`http`).',
      unit: 'bytes',
    }),
    log_max_mb: setting(wholeNumber(64, 1_048_576).default(1024), {
      description: 'The most that the log of received events may take on disk (`http` with a durable state).',
      unit: 'MiB',
    }),
    token: setting(text().optional(), {
      description: 'Bearer token that clients must send with events (`http`). Unset: none is asked for.',
      example: '${INGEST_TOKEN}',
    }),
  }),
  { description: 'Where events come from, and how they are written.' },
);
