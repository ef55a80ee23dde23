import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../errors/message-of.ts';
import { testContext } from '../sinks/event-sink.contract.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import { parseConfig } from './config.ts';
import { planOfConfig } from './plan-of-config.ts';

const CANARY = 'canary-c07a';
const streams = { stdin: new PassThrough(), stdout: new PassThrough() };

function load(sinks: string, rest = '') {
  return parseConfig(`processor:\n  sinks: ${sinks}\n${rest}`, { file: 'p.yaml', cores: 2 });
}

/** What loading says. */
function complaint(sinks: string, rest?: string): string {
  try {
    load(sinks, rest);
    return '';
  } catch (error) {
    return messageOf(error);
  }
}

describe('a sink of type postgres', () => {
  it.each([
    ['[{ type: postgres }]', ''],
    ['[{ type: postgres, url: "postgres://u:p@db:5432/m?sslmode=require", password: x, table: t, schema: s }]', ''],
    [
      '[{ type: postgres, host: db, port: 6432, database: m, user: u, tls: { ca: ca.pem, cert: c.pem, key: k.pem }, columns: { model: key.model, "p99.9": [results, cost, p99.9] }, panes: all, rewind: delete, create_tables: false, writer: w }]',
      '  event: { key: [model], values: { cost: c } }\n  aggregation: { percentiles: [99.9] }\n',
    ],
    ['[{ type: postgres, table: a }, { type: postgres, table: b }]', ''],
    [
      '[{ type: postgres }]',
      '  kafka: { consumer: { bootstrap_servers: "a:1", topics: [t], instances: 2, instance: 1, partitioned_by_key: true } }\n  source: { type: demo }\n  event: { key: [model] }\n',
    ],
  ])('%s is taken', (sinks, rest) => {
    const plan = planOfConfig(load(sinks, rest), streams);
    expect(plan.sinks.every(({ name }) => name === 'postgres')).toBe(true);
  });

  it.each<[string, RegExp | string, string?]>([
    ['{ type: postgres, url: "mysql://db" }', /sinks\[0\]\.url: expected a URL such as postgres:.*, found \*\*\*/],
    ['{ type: postgres, url: "postgres://db?pool=1" }', /sinks\[0\]\.url: expected a URL .*application_name/],
    ['{ type: postgres, url: "postgres://db", host: db }', /sinks\[0\]\.host: not together with url, which has it/],
    ['{ type: postgres, table: a.b }', /sinks\[0\]\.table: expected a name of 1 to 56 bytes, without dots; the schema/],
    [`{ type: postgres, table: ${'x'.repeat(57)} }`, /sinks\[0\]\.table: expected a name of 1 to 56/],
    ['{ type: postgres, tls: { cert: c.pem } }', /sinks\[0\]\.tls: a client certificate needs both/],
    ['{ type: postgres, tls: { mode: prefer } }', /tls\.mode: expected one of disable, require/],
    ['{ type: postgres, columns: { m: model } }', /columns\.m: expected a place in the result such as key\.model/],
    ['{ type: postgres, columns: { epoch: key.model } }', /columns\.epoch: expected a name .* none of the columns/],
    [
      '{ type: postgres, columns: { m: key.modle } }',
      /columns\.m: expected a field of event\.key \(model\) behind key/,
    ],
    ['{ type: postgres, columns: { m: results.p90 } }', /columns\.m: expected an aggregate that is enabled \(count, /],
    ['{ type: postgres, columns: { m: results.cost.p95 } }', /columns\.m: expected an aggregate right behind results/],
    [
      '{ type: postgres, columns: { m: results.p95 } }',
      /columns\.m: expected a metric of event\.values \(cost\) and an aggregate/,
      '  event: { values: { cost: c } }\n',
    ],
    ['{ type: postgres, colums: {} }', /unknown key; did you mean columns\?/],
    ['{ type: postgres }, { type: postgres, writer: main }', /^$/],
    ['{ type: postgres }, { type: postgres }', /sinks\[1\]: the same sink is there twice/],
  ])('%s is refused, or not', (sinks, message, rest = '  event: { key: [model] }\n') => {
    expect(complaint(`[${sinks}]`, rest)).toMatch(message);
  });

  it.each([
    ['url', `"postgres://u:${CANARY}@db/m"`, '"postgres://u:***@db/m"'],
    ['password', CANARY, '"***"'],
  ])('shows nothing of a password in its %s', (key, value, shown) => {
    const loaded = load(`[{ type: postgres, ${key}: ${value} }]`);
    expect(JSON.stringify(loaded.config)).toContain(CANARY);
    const all = [JSON.stringify(loaded), inspect(loaded, { depth: 20, showHidden: true })].join('');
    expect(all).not.toContain(CANARY);
    expect(JSON.stringify(loaded)).toContain(shown);
    const wrong = value.replace('postgres:', 'postgras:');
    expect(complaint(`[{ type: postgres, ${key}: [${wrong}] }]`)).not.toContain(CANARY);
    expect(complaint(`[{ type: postgres, ${key}: ${wrong.replace('//', '')}, x: 1 }]`)).not.toContain(CANARY);
    expect(complaint(`[{ type: file, path: [${wrong}] }]`)).not.toContain(key === 'url' ? CANARY : '?');
  });

  it('shows the places of columns whatever their names are', () => {
    const loaded = load('[{ type: postgres, columns: { tokens: key.tokens } }]', '  event: { key: [tokens] }\n');
    expect(JSON.stringify(loaded)).toContain('"tokens":"key.tokens"');
  });
});

describe('sinks of type websocket and http', () => {
  it.each([
    ['{ type: websocket, url: "ws://dashboard:8080/metrics" }', 'websocket'],
    [
      '{ type: websocket, url: "wss://d", acknowledgements: true, token: t, headers: { X-Team: llm }, tls: { ca: ca.pem }, max_message_bytes: 1000, connect_timeout_secs: 1, ping_interval_secs: 5 }',
      'websocket',
    ],
    ['{ type: websocket, url: "ws://d", messages: result }', 'websocket'],
    ['{ type: http, url: "https://hooks.example.com/llm" }', 'http'],
    [
      `{ type: http, url: "https://h", format: ndjson, secret: ${CANARY}-of-16-bytes, token: t, headers: { X-Team: llm }, tls: { ca: ca.pem }, max_body_bytes: 1000, request_timeout_secs: 1 }`,
      'http',
    ],
  ])('%s is taken', (sink, name) => {
    const plan = planOfConfig(load(`[${sink}]`), streams);
    expect(plan.sinks.map((each) => each.name)).toEqual([name]);
  });

  it.each<[string, RegExp]>([
    ['{ type: websocket }', /sinks\[0\]\.url: missing; expected a URL such as ws:\/\/dashboard:8080\/metrics/],
    ['{ type: websocket, url: "http://d" }', /sinks\[0\]\.url: expected a URL such as ws:.*, found \*\*\*/],
    ['{ type: http, url: "http://h", tls: { mode: require } }', /tls\.mode: unknown key; allowed here: ca, cert, key/],
    ['{ type: http, url: "ws://d" }', /sinks\[0\]\.url: expected a URL such as https:.*, found \*\*\*/],
    [
      '{ type: websocket, url: "ws://d", messages: result, acknowledgements: true }',
      /acknowledgements need messages: batch/,
    ],
    ['{ type: websocket, url: "ws://d", headers: { "a b": x } }', /headers: expected header names with their values/],
    ['{ type: http, url: "http://h", headers: { host: x } }', /headers: expected header names with their values/],
    [
      '{ type: http, url: "http://h", headers: { Authorization: x }, token: t }',
      /token: not together with a header Auth/,
    ],
    [`{ type: http, url: "http://h", secret: ${CANARY} }`, /secret: the secret of an HTTP sink has 11 bytes, and at/],
    ['{ type: http, url: "http://h" }, { type: http, url: "http://h" }', /the same sink is there twice/],
    ['{ type: http, url: "http://h" }, { type: http, url: "http://i" }', /^$/],
  ])('%s is refused, or not', (sinks, message) => {
    expect(complaint(`[${sinks}]`)).toMatch(message);
    expect(complaint(`[${sinks}]`)).not.toContain(CANARY);
  });

  it.each([
    ['url', `"wss://u:${CANARY}@d/x"`, '"wss://u:***@d/x"'],
    ['url', `"wss://d/x?a=1&access_token=${CANARY}&b=2"`, '"wss://d/x?a=1&access_token=***&b=2"'],
    ['token', CANARY, '"***"'],
    ['headers', `{ X-Api: ${CANARY} }`, '"***"'],
  ])('show nothing of a secret in %s: %s', (key, value, shown) => {
    const url = key === 'url' ? '' : 'url: "wss://d", ';
    const loaded = load(`[{ type: websocket, ${url}${key}: ${value} }]`);
    expect(inspect(loaded.config, { depth: 9 })).toContain(CANARY);
    expect([JSON.stringify(loaded), inspect(loaded, { depth: 20, showHidden: true })].join()).not.toContain(CANARY);
    expect(JSON.stringify(loaded)).toContain(shown);
    expect(complaint(`[{ type: websocket, ${url}${key}: [${value}] }]`)).not.toContain(CANARY);
  });
});

describe('a sink of type metrics', () => {
  const sink = '[{ type: metrics, prefix: llm, max_label_sets: 10, stale_after_secs: 60 }]';

  it('adds to the metrics that are served', async () => {
    const metrics = new ProcessorMetrics();
    const [made] = planOfConfig(load(sink), { ...streams, metrics }).sinks;
    await made?.open?.(testContext);
    expect(await metrics.export()).toContain('llm_label_sets_dropped_total 0');
    expect(() => planOfConfig(load(sink), streams)).toThrow(/needs the metrics that are served/);
  });

  it.each([
    ['[{ type: metrics, prefix: a-b }]', '', /prefix: expected letters, digits and underscores, no digit first/],
    ['[{ type: metrics }]', '  http: { enabled: false }\n', /sinks\[0\]\.type: needs http\.enabled/],
    ['[{ type: metrics }, { type: metrics, prefix: a }]', '', /the same sink is there twice/],
  ])('%s is refused', (sinks, rest, message) => {
    expect(complaint(sinks, rest)).toMatch(message);
  });
});
