import { z } from 'zod';
import { parseFieldPath } from '../../event/field-path.ts';
import { parseConnectionUrl } from '../../sinks/postgres/connection-url.ts';
import { OWN_HEADERS as HTTP_SINK_HEADERS } from '../../sinks/http/own-headers.ts';
import { quoteIdentifier } from '../../sinks/postgres/identifier.ts';
import { columnsOf } from '../../sinks/postgres/result-columns.ts';
import { requestHeaders } from '../../sinks/request-headers.ts';
import { parseServerUrl } from '../../sinks/server-url.ts';
import { fieldPath, filePath, isSound, setting, text, timerSecs, wholeNumber } from './setting.ts';

/** The longest name of a table: `_epochs` is put behind it. */
const MAX_TABLE_BYTES = 56;

function postgresUrl() {
  const allowed =
    'a URL such as postgres://user@host:5432/database; behind its "?" may stand host, sslmode, sslrootcert, sslcert, sslkey, application_name';
  return setting(
    z.string().refine((url) => isSound(() => parseConnectionUrl(url)), allowed),
    {
      description: 'Where the database is; or `host`, `port`, `database` and `user` say so.',
      allowed,
      example: 'postgres://processor@db:5432/metrics?sslmode=verify-full',
    },
  );
}

const NAME_ALLOWED = 'a name of 1 to 63 bytes, without dots';
const TABLE_ALLOWED = 'a name of 1 to 56 bytes, without dots; the schema has a key of its own';
const COLUMN_ALLOWED = 'a name of 1 to 63 bytes that is none of the columns every table of results has';

function databaseName(allowed: string) {
  return z.string().refine((name) => !name.includes('.') && isSound(() => quoteIdentifier(name)), allowed);
}

function tableName() {
  return databaseName(TABLE_ALLOWED).refine((name) => Buffer.byteLength(name) <= MAX_TABLE_BYTES, TABLE_ALLOWED);
}

function columnName() {
  return z
    .string()
    .refine((name) => isSound(() => [quoteIdentifier(name), columnsOf({ [name]: 'key.x' })]), COLUMN_ALLOWED);
}

const COLUMN_PLACE = 'a place in the result such as key.model, results.p95 or results.latency_ms.p95';

function isPlace(path: string | readonly (string | number)[]): boolean {
  const [root, ...steps] = parseFieldPath(path);
  return steps.length > 0 && (root === 'key' || root === 'results');
}

function serverUrl(protocols: readonly string[], example: string) {
  const allowed = `a URL such as ${example}`;
  return setting(
    z.string().refine((url) => isSound(() => parseServerUrl(url, protocols, 'a sink')), allowed),
    { description: 'Where the server is.', allowed, example },
  );
}

const HEADERS_ALLOWED = 'header names with their values, such as { X-Team: llm }';

function headers(reserved: readonly string[] = []) {
  const given = z
    .map(z.string(), setting(z.string(), { description: 'Value of a header.' }))
    .refine((all) => isSound(() => requestHeaders(all, undefined, reserved)), HEADERS_ALLOWED);
  return setting(given.optional(), {
    description: 'Headers to send.',
    allowed: HEADERS_ALLOWED,
    example: { 'X-Team': 'llm' },
  });
}

function token() {
  return setting(text().optional(), {
    description: 'Bearer token to send as `Authorization`.',
    example: '${DASHBOARD_TOKEN}',
  });
}

/** TLS files of a client. */
const tlsFiles = {
  ca: setting(filePath().optional(), {
    description: 'PEM file of the certificate authority. Unset: those that Node knows.',
    example: '/etc/processor/ca.pem',
  }),
  cert: setting(filePath().optional(), {
    description: 'PEM file of a client certificate.',
    example: '/etc/processor/client.pem',
  }),
  key: setting(filePath().optional(), {
    description: 'PEM file of its key.',
    example: '/etc/processor/client.key',
  }),
} as const;

/** A sink of type `postgres`. */
export const postgresSink = setting(
  z.strictObject({
    type: setting(z.literal('postgres'), { description: 'A table of Postgres.' }),
    url: postgresUrl().optional(),
    host: setting(text().optional(), {
      description: 'Name or address of the server; a folder for a Unix socket.',
      defaultText: '`PGHOST`, else `localhost`',
      example: 'db',
    }),
    port: setting(wholeNumber(1, 65_535).optional(), {
      description: 'Its port.',
      defaultText: '`PGPORT`, else 5432',
      example: 5432,
    }),
    database: setting(text().optional(), {
      description: 'The database.',
      defaultText: '`PGDATABASE`, else the name of the user',
      example: 'metrics',
    }),
    user: setting(text().optional(), {
      description: 'User name.',
      defaultText: '`PGUSER`, else that of the process',
      example: 'processor',
    }),
    password: setting(text().optional(), {
      description: 'Password.',
      defaultText: '`PGPASSWORD`, or what `.pgpass` says',
      example: '${PGPASSWORD}',
    }),
    tls: setting(
      z.strictObject({
        mode: setting(z.enum(['disable', 'require', 'verify-ca', 'verify-full']).default('verify-full'), {
          description: "As libpq's `sslmode`: what of the server's certificate is checked.",
        }),
        ...tlsFiles,
      }),
      { description: 'Encryption.' },
    ).optional(),
    schema: setting(databaseName(NAME_ALLOWED).optional(), {
      description: 'Schema of the tables; it must exist.',
      allowed: NAME_ALLOWED,
      defaultText: "the first of the connection's search path",
      example: 'llm',
    }),
    table: setting(tableName().default('processor_results'), {
      description: 'The table for results; epochs are kept in a table of that name and `_epochs`.',
      allowed: TABLE_ALLOWED,
    }),
    columns: setting(
      z
        .map(
          columnName(),
          setting(fieldPath().refine(isPlace, COLUMN_PLACE), {
            description: 'Place of the value in the result.',
            allowed: COLUMN_PLACE,
          }),
        )
        .optional(),
      {
        description:
          'Columns of your own, as name and place in the result: text below `key`, a number below `results`.',
        allowed: 'names with their places, such as { model: key.model, p95: results.p95 }',
        example: { model: 'key.model', p95: 'results.p95' },
      },
    ),
    panes: setting(z.enum(['latest', 'all']).default('latest'), {
      description: 'A row for each window and key with what was reported last, or a row for each pane.',
    }),
    create_tables: setting(z.boolean().default(true), { description: 'Create the tables where they do not exist.' }),
    rewind: setting(z.enum(['keep', 'delete']).default('keep'), {
      description:
        'What happens, after a checkpoint was restored, to rows of later epochs: they stay until they are written again, or are removed.',
    }),
    writer: setting(text().optional(), {
      description: 'Tells apart processes that write results of one pipeline to one table.',
      defaultText: '`main`, or `instance-N` where `kafka.consumer.instances` is more than 1',
      example: 'eu-1',
    }),
    connect_timeout_secs: setting(timerSecs(0.001).default(10), {
      description: 'How long a connection may take to be made.',
      unit: 'seconds',
    }),
    statement_timeout_secs: setting(timerSecs(0.001).default(20), {
      description: 'How long a statement may take on the server, its waiting for locks included.',
      unit: 'seconds',
    }),
  }),
  { description: 'Results in a table of Postgres, exactly once. [More](sinks.md#postgres).' },
);

/** A sink of type `websocket`. */
export const webSocketSink = setting(
  z.strictObject({
    type: setting(z.literal('websocket'), { description: 'A WebSocket server, which the processor connects to.' }),
    url: serverUrl(['ws:', 'wss:'], 'ws://dashboard:8080/metrics'),
    messages: setting(z.enum(['batch', 'result']).default('batch'), {
      description: 'A message holds the results of a delivery, with a number; or each message is one bare result.',
    }),
    acknowledgements: setting(z.boolean().default(false), {
      description:
        'A delivery is done when the server has acknowledged it by number, not already when it has received it.',
    }),
    token: token(),
    headers: headers(),
    tls: setting(z.strictObject(tlsFiles), { description: 'TLS files, for `wss`.' }).optional(),
    max_message_bytes: setting(wholeNumber(1, 268_435_456).default(65_536), {
      description: 'Bytes of results in a message, at most; one result alone may be longer.',
      unit: 'bytes',
    }),
    connect_timeout_secs: setting(timerSecs(0.001).default(10), {
      description: 'How long a connection may take to be made.',
      unit: 'seconds',
    }),
    ping_interval_secs: setting(timerSecs(0.001).default(30), {
      description: 'How often an idle connection is tried. One that does not answer until the next time is given up.',
      unit: 'seconds',
    }),
  }),
  { description: 'Results to a WebSocket server, as JSON. [More](sinks.md#websocket).' },
);

/** A sink of type `http`. */
export const httpSink = setting(
  z.strictObject({
    type: setting(z.literal('http'), { description: 'A server that results are posted to: a webhook.' }),
    url: serverUrl(['https:', 'http:'], 'https://hooks.example.com/llm'),
    format: setting(z.enum(['json', 'ndjson']).default('json'), {
      description: 'One JSON object with the results in a list, or one result a line.',
    }),
    secret: setting(text().optional(), {
      description: 'Signs each request, as Standard Webhooks has it: `whsec_` and base64, or 16 bytes of text or more.',
      example: '${WEBHOOK_SECRET}',
    }),
    token: token(),
    headers: headers(HTTP_SINK_HEADERS),
    tls: setting(z.strictObject(tlsFiles), { description: 'TLS files, for `https`.' }).optional(),
    max_body_bytes: setting(wholeNumber(1, 268_435_456).default(1_048_576), {
      description: 'Bytes of results in a body, at most; one result alone may be longer.',
      unit: 'bytes',
    }),
    request_timeout_secs: setting(timerSecs(0.001).default(10), {
      description: 'How long an answer may take.',
      unit: 'seconds',
    }),
  }),
  { description: 'Results posted to a server, as JSON. [More](sinks.md#http).' },
);

/** A sink of type `metrics`. */
export const metricsSink = setting(
  z.strictObject({
    type: setting(z.literal('metrics'), { description: '`/metrics`, beside the metrics of the processor.' }),
    prefix: setting(
      z
        .string()
        .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
        .default('processor_result'),
      { description: 'First part of every name.', allowed: 'letters, digits and underscores, no digit first' },
    ),
    max_label_sets: setting(wholeNumber(1, 1_000_000).default(1000), {
      description: 'Windows and keys exposed at a time, at most; the one updated longest ago makes room.',
      unit: 'label sets',
    }),
    stale_after_secs: setting(timerSecs(0.001).optional(), {
      description: 'How long a key is exposed after its last result.',
      unit: 'seconds',
      defaultText: 'three times the length of its window, and at least 300',
      example: 600,
    }),
  }),
  { description: 'The latest aggregates as gauges for Prometheus. [More](sinks.md#prometheus).' },
);
