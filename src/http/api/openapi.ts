import { z } from 'zod';
import { OPERATIONS } from './operations.ts';
import { counters, rates, storage } from './pipeline-shapes.ts';
import { preview } from './record-shapes.ts';
import { result, streamMessage, streamQuery } from './result-shapes.ts';
import { accepted, checkpointMade, checkpointRequest, health, ready, refused } from './service-shapes.ts';
import { failure } from './shapes.ts';

type Json = Readonly<Record<string, unknown>>;

/** Shapes that are referred to, and are no answer of the table. */
const PARTS: readonly z.ZodType[] = [
  result,
  streamMessage,
  failure,
  health,
  ready,
  accepted,
  refused,
  checkpointMade,
  checkpointRequest,
  rates,
  counters,
  storage,
  preview,
];

const INTRODUCTION = `What a running processor tells of itself, and takes in. Times are ISO 8601 in UTC, lengths of time in seconds. An unknown
parameter is an error. Where \`http.token\` is set, everything below \`/v1\` takes it as a bearer token.`;

const LOCKED = { security: [{ token: [] }, {}] } as const;

/** The API as OpenAPI 3.1. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.1',
    info: {
      title: 'llm-optimizer-processor',
      version: '1',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:8080' }],
    paths: { ...servicePaths(), ...operationPaths(), ...streamPath() },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: '`http.token` of the configuration.' } },
      schemas: componentSchemas(),
    },
  };
}

function operationPaths(): Json {
  const paths = Object.entries(OPERATIONS).map(([name, { path, summary, query, answer }]): [string, Json] => {
    const get = {
      operationId: name,
      summary,
      ...LOCKED,
      parameters: parametersOf(query),
      responses: { 200: json(summary, answer), default: errors() },
    };
    return [path, { get, ...(path === '/v1/checkpoints' ? { post: makeCheckpoint() } : {}) }];
  });
  return Object.fromEntries(paths);
}

function makeCheckpoint(): Json {
  return {
    operationId: 'makeCheckpoint',
    summary: 'Makes a checkpoint of everything committed',
    description: 'Where the state is on disk. Without a token, from this machine only.',
    ...LOCKED,
    requestBody: { required: true, content: { 'application/json': { schema: reference(checkpointRequest) } } },
    responses: { 201: json('The checkpoint', checkpointMade), default: errors() },
  };
}

function streamPath(): Json {
  const events = {
    'text/event-stream': {
      schema: {
        type: 'string',
        description: 'Events `result` and `reset`. An event of an id alone is a sign of life.',
      },
    },
  };
  const get = {
    operationId: 'stream',
    summary: 'Results as they are delivered',
    description:
      'Server-sent events; with `Upgrade: websocket` a WebSocket, each message a `StreamMessage`. Both resume after an id. One who reads too slowly is dropped, and may come back.',
    ...LOCKED,
    parameters: [
      ...parametersOf(streamQuery),
      { name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string' }, description: 'As `after`.' },
    ],
    responses: {
      101: { description: 'A WebSocket.' },
      200: { description: 'Server-sent events, until the processor stops.', content: events },
      default: errors(),
    },
  };
  return { '/v1/stream': { get } };
}

function servicePaths(): Json {
  return {
    '/': { get: open('dashboard', 'The dashboard', { 200: text('A page.', 'text/html') }) },
    '/health': {
      get: open('health', 'How the pipeline and its parts are', {
        200: json('It runs.', health),
        503: json('It does not run, or has failed.', health),
      }),
    },
    '/ready': {
      get: open('ready', 'Whether it takes events', { 200: json('It does.', ready), 503: json('It does not.', ready) }),
    },
    '/metrics': { get: open('metrics', 'Metrics for Prometheus', { 200: text('Text of Prometheus.', 'text/plain') }) },
    '/v1': { get: locked('list', 'What pages there are', { 200: text('A list.', 'text/plain') }) },
    '/v1/openapi.json': { get: locked('openapi', 'This document', { 200: anyJson('OpenAPI 3.1') }) },
    '/v1/events': { post: postEvents() },
  };
}

function postEvents(): Json {
  const schema = { type: 'string', description: 'Events in the form that Content-Type names.' };
  const types = [
    'application/json',
    'application/x-ndjson',
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
  ];
  return {
    ...locked('postEvents', 'Takes events', {
      202: json('All were taken.', accepted),
      400: json('Some or all were no events.', refused),
    }),
    description: 'Where the source is `http`. Takes `source.token` where that is set, else the token of the server.',
    requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) },
  };
}

function locked(operationId: string, summary: string, responses: Json): Json {
  return { operationId, summary, ...LOCKED, responses: { ...responses, default: errors() } };
}

function text(description: string, type: string): Json {
  return { description, content: { [type]: { schema: { type: 'string' } } } };
}

function anyJson(description: string): Json {
  return { description, content: { 'application/json': { schema: { type: 'object' } } } };
}

function open(operationId: string, summary: string, responses: Json): Json {
  return { operationId, summary, security: [], responses: { ...responses, default: errors() } };
}

function json(description: string, shape: z.ZodType): Json {
  return { description, content: { 'application/json': { schema: reference(shape) } } };
}

function errors(): Json {
  return json('An error.', failure);
}

function reference(shape: z.ZodType): Json {
  return { $ref: `#/components/schemas/${idOf(shape)}` };
}

function idOf(shape: z.ZodType): string {
  const id = shape.meta()?.id;
  if (id === undefined) throw new TypeError('a shape that is referred to has no id');
  return id;
}

function parametersOf(query: z.ZodType): readonly Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input', unrepresentable: 'any', override });
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = typeof schema === 'object' ? schema : {};
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

/** Leaves out what says nothing: a list says what it is, safe integers are what all are, and answers may come to have more. */
function override({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.type === 'array') delete jsonSchema.anyOf;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  if (typeof jsonSchema['usual'] === 'number') jsonSchema.default = jsonSchema['usual'];
  delete jsonSchema['usual'];
  delete jsonSchema.propertyNames;
}

/** Every shape that has an id, by it; where one holds another, it refers to it. */
function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  const shapes = [...Object.values(OPERATIONS).map(({ answer }) => answer), ...PARTS];
  for (const shape of shapes) registry.add(shape, { id: idOf(shape) });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, override });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _schema, $id: _id, id: _own, ...schema }]) => [name, schema]),
  );
}
