import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../checks/source-file.ts';
import { Broker } from '../kafka/broker.ts';
import { sharedBroker } from '../kafka/shared-broker.ts';
import { valuesOf } from '../kafka/topic-content.ts';
import { createTopics } from '../kafka/topics.ts';
import { start } from '../processes/child.ts';
import { until } from '../waiting.ts';
import { promised } from './promised.ts';
import { PACKAGE_ALIAS, run } from './snippets.ts';

const kafka = await sharedBroker();
const MAIN = join(ROOT, 'src/cli/main.ts');

describe.skipIf(kafka.missing)('what is shown with Kafka', () => {
  let broker: Broker | undefined;
  let folder = '';
  // As `npm run kafka` has them.
  const events = ['feedback-events', 'performance-metrics'];
  const others = ['aggregated-metrics', 'processor-dead-letter'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kafka-shown-'));
    broker = await Broker.start();
    await createTopics(broker.bootstrapServers, events, { partitions: 3 });
    await createTopics(broker.bootstrapServers, others);
  });
  afterAll(async () => {
    await broker?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const resultsOf = async (): Promise<readonly string[]> =>
    valuesOf(broker?.bootstrapServers ?? '', 'aggregated-metrics');

  it('examples/kafka.ts prints what it says, and that is in the topic', async () => {
    const servers = broker?.bootstrapServers ?? '';
    const produce = [
      MAIN,
      'produce',
      '-i',
      'examples/events.ndjson',
      '-k',
      'model',
      '-b',
      servers,
      '-t',
      'feedback-events',
    ];
    expect(await run(process.execPath, produce, { cwd: ROOT })).toMatchObject({ code: 0, stderr: '' });
    const example = ['--import', PACKAGE_ALIAS, join(ROOT, 'examples', 'kafka.ts')];
    const environment = { KAFKA_BOOTSTRAP_SERVERS: servers };
    const { code, stdout, stderr } = await run(process.execPath, example, { cwd: folder, environment });
    expect({ code, stderr, stdout: stdout.trim() }).toEqual({ code: 0, stderr: '', stdout: promised('kafka.ts') });
    expect((await resultsOf()).map((text) => (JSON.parse(text) as { id: string }).id)).toEqual([
      expect.stringMatching(/^kafka-example\/tumbling\/model=claude-3-opus\//),
      expect.stringMatching(/^kafka-example\/tumbling\/model=gpt-4\//),
    ]);
  });

  it('config/kafka.yaml reads what `processor produce --demo` sends, and writes results', async () => {
    const environment = {
      KAFKA_BOOTSTRAP_SERVERS: broker?.bootstrapServers ?? '',
      PROCESSOR_STATE__PATH: join(folder, 'state'),
      PROCESSOR_STATE__CHECKPOINT_PATH: join(folder, 'checkpoints'),
      PROCESSOR_HTTP__PORT: '0',
      PROCESSOR_WATERMARK__EMIT_INTERVAL_SECS: '0',
      PROCESSOR_WATERMARK__IDLE_TIMEOUT_SECS: '1',
    };
    const before = (await resultsOf()).length;
    const child = start(['--config', join(ROOT, 'config', 'kafka.yaml')], { environment });
    const produced = await run(process.execPath, [MAIN, 'produce', '--demo', '-n', '5000'], {
      cwd: folder,
      environment,
    });
    expect([produced.code, produced.stdout]).toEqual([
      0,
      expect.stringMatching(/^Sent 5,000 events to feedback-events, performance-metrics in /),
    ]);
    await until(async () => (await resultsOf()).length > before + 100);
    child.signal('SIGTERM');
    expect(await child.ended()).toBe(0);
    expect(child.stdout).toContain('claude-sonnet-4');
  });
});
