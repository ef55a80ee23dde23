import { z } from 'zod';
import { LEAST_STATE_MEMORY_MIB, MOST_STATE_MEMORY_MIB } from '../../plan/state-memory.ts';
import { filePath, setting, text, timerSecs, wholeNumber } from './setting.ts';

/** `processor.state`: what survives a restart, and where. */
export const stateSchema = setting(
  z.strictObject({
    backend: setting(z.enum(['memory', 'rocksdb']).default('memory'), {
      description: 'Where window state is kept: in memory, lost with the process, or on disk.',
    }),
    path: setting(filePath().default('./data/state'), { description: 'Folder of the state (`rocksdb`).' }),
    checkpoint_path: setting(filePath().default('./data/checkpoints'), {
      description: 'Folder of the checkpoints (`rocksdb`).',
    }),
    memory_limit_mb: setting(z.number().min(LEAST_STATE_MEMORY_MIB).max(MOST_STATE_MEMORY_MIB).optional(), {
      description:
        'Bound on the windows that are held in memory; those that have not been touched for longest wait on disk (`rocksdb`). With `memory` all windows are in memory, and there is no bound.',
      unit: 'MiB',
      defaultText: 'half of the heap that Node allows itself',
      example: 256,
    }),
  }),
  { description: 'Where window state is kept.' },
);

/** `processor.metrics`. */
export const metricsSchema = setting(
  z.strictObject({
    enabled: setting(z.boolean().default(true), {
      description: 'Log the main numbers every so often. `/metrics` is served as long as `http` is enabled.',
    }),
    export_interval_secs: setting(timerSecs(0.001).default(60), {
      description: 'How often a line of the main numbers is logged.',
      unit: 'seconds',
    }),
  }),
  { description: 'Metrics of the processor itself.' },
);

/** `processor.http`. */
export const httpSchema = setting(
  z.strictObject({
    enabled: setting(z.boolean().default(true), {
      description: 'Serve the dashboard, its API, health and metrics over HTTP.',
    }),
    host: setting(text().default('127.0.0.1'), {
      description: 'Address to listen on. `0.0.0.0` lets other machines in, and needs a `token`.',
      example: '0.0.0.0',
    }),
    port: setting(wholeNumber(0, 65_535).default(8080), {
      description: 'Port to listen on; 0 takes any that is free.',
    }),
    token: setting(
      z
        .string()
        .regex(/^[\x21-\x7e]+$/)
        .optional(),
      {
        description:
          'Bearer token for everything below `/v1`: what the dashboard shows, and the intake of events unless `source.token` is set. `/health`, `/ready` and `/metrics` ask for none.',
        allowed: 'letters, digits and signs of ASCII, without spaces',
        defaultText: 'unset: none is asked for, and `host` must be of this machine only',
        example: '${HTTP_TOKEN}',
      },
    ),
    allowed_hosts: setting(z.array(text()).default([]), {
      description:
        'Further names that the server is reached by, behind a proxy or in a cluster, without ports: a request for any other name is refused.',
      allowed: 'a list of host names',
      example: ['processor.example.org'],
    }),
    history_mb: setting(z.number().min(1).max(65_536).default(64), {
      description: 'Memory for the results that the dashboard and the API show; the oldest go first.',
      unit: 'MiB',
    }),
    history_keys: setting(wholeNumber(1, 1_000_000).default(20_000), {
      description: 'Keys whose results are kept for the dashboard and the API, counted once for each kind of window.',
      unit: 'keys',
    }),
  }),
  { description: 'The HTTP server: dashboard, API, health, metrics.' },
);

/** `processor.logging`. */
export const loggingSchema = setting(
  z.strictObject({
    level: setting(z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'), {
      description: 'The least severe messages that are logged, on standard error.',
    }),
    format: setting(z.enum(['pretty', 'json']).optional(), {
      description: 'Lines for people, or one JSON object a line.',
      defaultText: '`pretty` on a terminal, else `json`',
      example: 'json',
    }),
  }),
  { description: 'The log, on standard error.' },
);
