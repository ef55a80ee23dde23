import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../src/http/api/openapi.ts';
import { until } from '../waiting.ts';
import { post, run, start } from './child.ts';
import { scratchFolder } from './folder.ts';

const { at, write } = scratchFolder();
const CANARY = 'canary-5f31c9';
const NAMED = { CANARY };
const OVERRIDE = { PROCESSOR_SOURCE__TOKEN: CANARY };
const PAGES = Object.keys(openApiDocument()['paths'] as object).filter((path) => path !== '/v1/stream');

function config(name: string, source: string, rest = ''): string {
  return write(
    `${name}.yaml`,
    `processor:
  name: secrets
  source: { type: http${source} }
  windows: { tumbling: { size_secs: 60 } }
  error_handling: { dead_letter_path: ${JSON.stringify(at('dead-letters.ndjson'))}, max_retries: 0 }
  logging: { level: debug }
${rest}`,
  );
}

const KAFKA = `  kafka:
    consumer:
      bootstrap_servers: "a:1"
      topics: [t]
      security: { protocol: SASL_SSL, ssl: { cert: client.pem, key: "\${CANARY}" }, sasl: { username: u, password: "\${CANARY}" } }
    producer:
      bootstrap_servers: "a:1"
      result_topic: r
      security: { protocol: SASL_SSL, ssl: { cert: client.pem, key: "${CANARY}" }, sasl: { username: u, password: "${CANARY}" } }
`;

const PEM = write('client.pem', '-----BEGIN CERTIFICATE-----\n');
const SINKS = `  sinks:
    - { type: postgres, url: "postgres://u:${CANARY}@127.0.0.1:1/m" }
    - { type: postgres, host: 127.0.0.1, port: 1, password: "\${CANARY}", table: t, tls: { mode: require } }
    - { type: websocket, url: "ws://u:${CANARY}@127.0.0.1:1/x?token=${CANARY}", headers: { X-Api: ${CANARY} } }
    - { type: websocket, url: "ws://127.0.0.1:2", token: "\${CANARY}" }
    - { type: http, url: "http://u:${CANARY}@127.0.0.1:1/x?api_key=${CANARY}", secret: ${CANARY}${CANARY} }
`;

describe('a secret', () => {
  it.each([
    ['from the YAML', ', token: "${CANARY}"', NAMED],
    ['from a variable', '', OVERRIDE],
  ])('%s is in nothing that a run prints, serves or writes', async (_, source, environment) => {
    const path = config('served', source, '  http: { port: 0 }\n');
    const child = start(['run', '--debug', '--config', path], { environment });
    const url = await child.url();
    await until(async () => (await fetch(`${url}/ready`)).status === 200);
    const served: string[] = [];
    const note = async (response: Response): Promise<number> => {
      served.push(JSON.stringify([...response.headers]), await response.text());
      return response.status;
    };
    const json = { 'content-type': 'application/json' };
    const right = { ...json, authorization: `Bearer ${CANARY}` };
    const now = JSON.stringify({ timestamp: Date.now() });
    expect(await note(await post(url, now, json))).toBe(401);
    expect(await note(await post(url, now, { ...json, authorization: `Bearer ${CANARY}x` }))).toBe(401);
    expect(await note(await post(url, now, right))).toBe(202);
    expect(await note(await post(url, '[{},7', right))).toBe(400);
    expect(await note(await post(url, now, { ...right, 'content-type': 'text/plain' }))).toBe(415);
    // A time too far ahead passes the door or not; where it does, it is a dead letter.
    await note(await post(url, '{"timestamp":253402300799000}', right));
    for (const page of [...PAGES, '/v1/series?key=&value=count', '/nowhere']) await note(await fetch(url + page));
    const following = await fetch(`${url}/v1/stream?after=0`);
    served.push(JSON.stringify([...following.headers]));
    await following.body?.cancel();
    child.signal('SIGTERM');
    expect(await child.ended()).toBe(0);
    expect([served.join('\n'), child.stdout, child.stderr].join('\n')).not.toContain(CANARY);
    expect(readFileSync(at('dead-letters.ndjson'), 'utf8')).not.toContain(CANARY);
  });

  it('that the server asks for is in nothing that it serves to those who have it and those who have not', async () => {
    const path = config(
      'locked',
      '',
      '  http: { port: 0, token: "${CANARY}" }\n  sinks: [{ type: console, format: json }]\n',
    );
    const child = start(['run', '--debug', '--config', path], { environment: NAMED });
    const url = await child.url();
    await until(async () => (await fetch(`${url}/ready`)).status === 200);
    const served: string[] = [];
    const authorization = `Bearer ${CANARY}`;
    expect((await post(url, '{"timestamp":1}', { 'content-type': 'application/json', authorization })).status).toBe(
      202,
    );
    for (const headers of [{}, { authorization }, { authorization: `${authorization}x` }]) {
      for (const page of [...PAGES, '/v1/keys?limit=x', '/nowhere']) {
        const response = await fetch(url + page, { headers, redirect: 'manual' });
        const isOpen = !page.startsWith('/v1') || headers.authorization === authorization;
        expect([page, response.status === 401]).toEqual([page, !isOpen]);
        served.push(JSON.stringify([...response.headers]), await response.text());
      }
    }
    child.signal('SIGTERM');
    expect(await child.ended()).toBe(0);
    expect([served.join('\n'), child.stdout, child.stderr].join('\n')).not.toContain(CANARY);
  });

  it.each<[string, string, string, number, object]>([
    [
      'run',
      'a sink that cannot be opened',
      '  http: { port: 0 }\n  sinks: [{ type: file, path: /dev/null/x }]\n',
      1,
      {},
    ],
    ['run', 'servers that cannot be reached', `  http: { port: 0 }\n${SINKS}`, 1, {}],
    ['validate', 'servers as sinks', SINKS, 0, {}],
    ['config', 'servers as sinks', SINKS, 0, {}],
    ['config --json', 'servers as sinks', SINKS, 0, {}],
    ['validate', 'wrong servers as sinks', SINKS.replaceAll('://', ':/'), 2, {}],
    ['run', 'a wrong neighbor', '  http: { prot: 1 }\n', 2, {}],
    ['run', 'broken YAML', '  http: { port: 1\n', 2, {}],
    [
      'run',
      'a Kafka that nobody knows',
      `${KAFKA.replaceAll(/ssl: \{[^}]*\}, /g, '')}  sinks: [{ type: kafka }]\n`,
      1,
      {},
    ],
    [
      'run',
      'a key in the place of its file',
      `${KAFKA.replaceAll('client.pem', PEM)}  sinks: [{ type: kafka }]\n`,
      2,
      {},
    ],
    ['validate', 'all in order', KAFKA, 0, {}],
    ['validate', 'a wrong neighbor', `${KAFKA}  tokens: ["\${CANARY}"]\n`, 2, {}],
    ['validate', 'a wrong variable', KAFKA, 2, { PROCESSOR_SOURCE__TOKN: CANARY }],
    ['config', 'all in order', KAFKA, 0, OVERRIDE],
    ['config --json', 'all in order', KAFKA, 0, OVERRIDE],
  ])('is in nothing that "%s" prints with %s', async (command, about, rest, code, environment) => {
    const path = config(`${command} ${about}`, `, token: "\${CANARY}"`, rest);
    const result = await run([...command.split(' '), '--config', path], { environment: { ...NAMED, ...environment } });
    expect(result.code).toBe(code);
    expect(result.stdout + result.stderr).not.toBe('');
    expect(result.stdout + result.stderr).not.toContain(CANARY);
  });

  it('is not in the error of a port that is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const path = config('taken', ', token: "${CANARY}"', `  http: { port: ${String(port)} }\n`);
    const { code, stdout, stderr } = await run(['run', '--debug', '--config', path], { environment: NAMED });
    blocker.close();
    expect(code).toBe(2);
    expect(stderr).toContain(String(port));
    expect(stdout + stderr).not.toContain(CANARY);
  });
});
