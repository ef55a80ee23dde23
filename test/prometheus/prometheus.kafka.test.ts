import { describe, expect, it } from 'vitest';
import { sharedBroker } from '../kafka/shared-broker.ts';
import { createTopic } from '../kafka/topics.ts';
import { start } from '../processes/child.ts';
import { scratchFolder } from '../processes/folder.ts';
import { eventually, until } from '../waiting.ts';
import { filledIn, metricsIn, panelQueries } from './dashboard.ts';
import { prometheusBinaries, type PrometheusBinaries } from './prometheus-binaries.ts';
import { PrometheusServer } from './prometheus-server.ts';
import { alerts, configFor, emptyAmong, expectQuietAlerts, seriesOf } from './scraped.ts';

const binaries = await prometheusBinaries();
const kafka = await sharedBroker();
const { bootstrapServers } = kafka;
const { at, write } = scratchFolder();

/** Brokers that cannot be reached are to be seen only where there are any. */
const EMPTY_QUERIES = /kafka_disconnects_total/;

describe.skipIf(binaries === undefined || kafka.missing)('with a real Prometheus and a real Kafka', () => {
  it('every query that is of Kafka has the metrics it names, and data', async () => {
    const [events, results, letters] = [
      await createTopic(bootstrapServers, 'seen'),
      await createTopic(bootstrapServers, 'results'),
      await createTopic(bootstrapServers, 'letters'),
    ];
    const traffic = ['produce', '--demo', '--bootstrap-servers', bootstrapServers, '--topic', events, '--rate', '500'];
    start(traffic);
    const producer = `producer: { bootstrap_servers: '${bootstrapServers}', result_topic: ${results} }`;
    // Where results go to Kafka, their transactions have the offsets; where they do not, the source commits them.
    const urls = await Promise.all([
      processor('transactions', events, producer, `error_handling: { dead_letter_topic: ${letters} }`),
      processor('offsets', events, '', `sinks: [{ type: file, path: ${at('out.ndjson')} }]`),
    ]);
    const config = write('prometheus.yaml', configFor(urls));
    const prometheus = await PrometheusServer.start(binaries as PrometheusBinaries, config, at('tsdb'));
    await until(async () => (await prometheus.query('kafka_offset_commits_total > 0')).length > 0);
    const committed = 'kafka_transactions_total{outcome="committed"} > 0';
    await until(async () => (await prometheus.query(committed)).length > 0);
    const scrapes =
      'min(count_over_time(kafka_produced_records_total[10s])) >= 4 and min(count_over_time(up[10s])) >= 8';
    await until(async () => (await prometheus.query(scrapes)).length > 0);

    const ofKafka = panelQueries.filter(({ expr }) => expr.includes('kafka_'));
    expect(ofKafka.length).toBeGreaterThan(12);
    const names = await seriesOf(urls);
    const expressions = [...ofKafka, ...alerts.filter(({ expr }) => expr.includes('kafka_'))];
    expect(expressions.flatMap(({ expr }) => metricsIn(expr)).filter((name) => !names.has(name))).toEqual([]);
    const full = ofKafka.filter(({ expr }) => !EMPTY_QUERIES.test(expr));
    await eventually(async () => expect(await emptyAmong(full, prometheus)).toEqual([]));
    // A time that nothing was measured of is not a number.
    const times = full.filter(({ expr }) => expr.startsWith('histogram_quantile('));
    expect(times.length).toBeGreaterThan(4);
    for (const { panel, expr } of times) {
      await eventually(async () => {
        const [sample] = await prometheus.query(filledIn(expr, ''));
        expect([panel, Number(sample?.value[1]) > 0]).toEqual([panel, true]);
      });
    }
    await expectQuietAlerts(prometheus);
  });
});

/** A processor that reads a topic, and what it has besides, as lines of YAML. @returns where its server is. */
function processor(name: string, topic: string, kafkaSettings: string, more: string): Promise<string> {
  const config = write(
    `${name}.yaml`,
    `processor:
  name: ${name}
  event: { key: [model, region], values: { latency_ms: latency_ms } }
  windows: { tumbling: { size_secs: 1, allowed_lateness_secs: 0 } }
  watermark: { max_out_of_orderness_secs: 1 }
  state: { backend: rocksdb, path: ${at(`${name}-state`)}, checkpoint_path: ${at(`${name}-checkpoints`)} }
  kafka:
    consumer: { bootstrap_servers: '${bootstrapServers}', topics: [${topic}], enable_auto_commit: true }
    ${kafkaSettings}
  ${more}
  http: { port: 0 }
`,
  );
  return start(['run', '-c', config]).url();
}
