import { describe, expect, it } from 'vitest';
import { run, start } from '../processes/child.ts';
import { scratchFolder } from '../processes/folder.ts';
import { until } from '../waiting.ts';
import { PROCESSOR } from './server-properties.ts';
import { sharedBroker } from './shared-broker.ts';
import { createTopic, uniqueName } from './topics.ts';

const kafka = await sharedBroker();
const { at, write } = scratchFolder();
const SECRET = PROCESSOR.password;

describe.skipIf(kafka.secure === undefined)('the password of a user of Kafka', () => {
  const { saslSsl = '', files = { ca: '' } } = kafka.secure ?? {};
  const security = `security: { protocol: SASL_SSL, ssl: { ca: ${files.ca} }, sasl: { username: ${PROCESSOR.username}, password: "\${PASSWORD}" } }`;
  const environment = { PASSWORD: SECRET };

  async function configured(): Promise<string> {
    const [events, results, dead] = await Promise.all(
      ['events', 'results', 'dead'].map((name) => createTopic(kafka.bootstrapServers, name)),
    );
    return write(
      `${uniqueName('secrets')}.yaml`,
      `processor:
  name: ${uniqueName('secrets')}
  event: { key: [model] }
  windows: { tumbling: { size_secs: 1 } }
  state: { backend: rocksdb, path: ${at('state')}, checkpoint_path: ${at('checkpoints')} }
  error_handling: { dead_letter_topic: ${dead} }
  http: { port: 0 }
  logging: { level: debug }
  kafka:
    consumer: { bootstrap_servers: "${saslSsl}", topics: [${events}], ${security} }
    producer: { bootstrap_servers: "${saslSsl}", result_topic: ${results}, ${security} }
`,
    );
  }

  it('is in nothing that a run with it prints or serves', async () => {
    const path = await configured();
    const produced = await run(['produce', '--demo', '-n', '500', '--debug', '--config', path], { environment });
    expect([produced.code, produced.stdout]).toEqual([0, expect.stringContaining('Sent 500 events')]);
    const child = start(['run', '--debug', '--config', path], { environment });
    const url = await child.url();
    const page = async (name: string): Promise<string> => (await fetch(`${url}${name}`)).text();
    await until(async () => /^events_processed_total\S* [45]\d\d$/m.test(await page('/metrics')));
    const pages = await Promise.all(['/', '/health', '/ready', '/metrics'].map(page));
    child.signal('SIGTERM');
    expect(await child.ended()).toBe(0);
    const all = [produced.stdout, produced.stderr, child.stdout, child.stderr, ...pages].join('\n');
    expect(all.length).toBeGreaterThan(1000);
    expect(all).not.toContain(SECRET);
  });

  it('is in nothing that a run prints which is not let in with it', async () => {
    const path = await configured();
    const wrong = 'canary-90a1';
    for (const command of [['run'], ['produce', '--demo']]) {
      const { code, stdout, stderr } = await run([...command, '--debug', '--config', path], {
        environment: { PASSWORD: wrong },
      });
      expect([code, stderr]).toEqual([1, expect.stringContaining('[KAFKA_DENIED]')]);
      expect(stdout + stderr).not.toContain(wrong);
    }
  });
});
