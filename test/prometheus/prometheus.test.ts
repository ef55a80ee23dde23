import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/telemetry/metric-table.ts';
import { start } from '../processes/child.ts';
import { eventually, until } from '../waiting.ts';
import { scratchFolder } from '../processes/folder.ts';
import { dashboard, filledIn, metricsIn, panelQueries, type Panel } from './dashboard.ts';
import { prometheusBinaries, type PrometheusBinaries } from './prometheus-binaries.ts';
import { PrometheusServer } from './prometheus-server.ts';
import { alerts, configFor, emptyAmong, expectQuietAlerts, PROMETHEUS, seriesOf } from './scraped.ts';

const binaries = await prometheusBinaries();
const { at, write } = scratchFolder();
const execute = promisify(execFile);

/** Queries that are to give nothing while all is well. */
const EMPTY_QUERIES = /> 0$|processor_result_label_sets_dropped_total/;

describe('the Grafana dashboard', () => {
  it('has a place of its own for each panel, in 24 columns', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${String(x)}/${String(y)}`)).toBe(false);
          taken.add(`${String(x)}/${String(y)}`);
        }
      }
    }
  });

  it('says of each panel what it shows, in which unit, and takes its data from the source that is chosen', () => {
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');
    expect(panels.length).toBeGreaterThan(30);
    const lacking = (panel: Panel): boolean =>
      (panel.description ?? '').length < 15 ||
      panel.datasource?.uid !== '${datasource}' ||
      (panel.type !== 'table' && panel.fieldConfig?.defaults.unit === undefined) ||
      (panel.targets ?? []).length === 0;
    expect(panels.filter(lacking).map(({ title }) => title)).toEqual([]);
  });

  it('shows every metric of the processor', () => {
    const shown = new Set(panelQueries.flatMap(({ expr }) => metricsIn(expr)));
    const names = Object.keys(METRICS).filter((name) => !shown.has(name) && !shown.has(`${name}_bucket`));
    // How far it is behind the clock is there.
    expect(names).toEqual(['watermark_seconds']);
  });

  it('knows what in a query is a metric', () => {
    const query =
      'topk(3, sum by (le, a) (rate(a_b_bucket{x="y(z)"}[5m]))) / on (c) group_left c_total > 0 and time() - d_seconds';
    expect(metricsIn(query)).toEqual(['a_b_bucket', 'c_total', 'd_seconds']);
  });
});

describe('the alerts', () => {
  it('say what is wrong, on which instance, what to do about it, and how bad it is', () => {
    for (const { alert, annotations, labels } of alerts) {
      expect([alert, annotations['summary']]).toEqual([alert, expect.stringContaining('$labels.instance')]);
      expect([alert, annotations['description']]).toEqual([alert, expect.stringMatching(/^[A-Z].{30,}\.$/)]);
      expect(labels).toEqual({ severity: expect.stringMatching(/^(?:critical|warning)$/) });
    }
  });

  it('have each a test for when they fire and one for when they do not', () => {
    const tests = readFileSync(join(PROMETHEUS, 'alerts.test.yaml'), 'utf8');
    for (const { alert } of alerts) {
      expect([alert, tests.includes(`${alert} fires`), tests.includes(`${alert} is quiet`)]).toEqual([
        alert,
        true,
        true,
      ]);
    }
  });
});

describe.skipIf(binaries === undefined)('with a real Prometheus', () => {
  const { promtool } = binaries ?? { promtool: '' };

  it('the rules and the configuration are sound, and each alert fires when it must', async () => {
    for (const args of [
      ['check', 'rules', 'alerts.yaml'],
      ['check', 'config', 'prometheus.yaml'],
      ['test', 'rules', 'alerts.test.yaml'],
    ]) {
      const { stdout } = await execute(promtool, args, { cwd: PROMETHEUS });
      expect(stdout).toContain('SUCCESS');
    }
  });

  it('what promtool would find is found', async () => {
    const broken = write('broken.yaml', 'groups: [{ name: g, rules: [{ alert: A, expr: "sum(" }] }]\n');
    await expect(execute(promtool, ['check', 'rules', broken])).rejects.toThrow(/promtool/);
  });

  it('every query of dashboard and alerts has the metrics it names, and data where there is some', async () => {
    const url = await processorUnderWay();
    const config = write('prometheus.yaml', configFor([url]));
    const prometheus = await PrometheusServer.start(binaries as PrometheusBinaries, config, at('tsdb'));
    // A rate needs two scrapes of whatever it is of, and a result two windows.
    await until(async () => ((await prometheus.query('min(count_over_time(up[1m]))'))[0]?.value[1] ?? '0') >= '8');
    await until(async () => (await prometheus.query('processor_result_latency_ms_p95')).length > 0);
    await until(async () => (await prometheus.query('last_checkpoint_timestamp_seconds')).length > 0);

    const names = await seriesOf([url]);
    const expressions = [...panelQueries.map(({ expr }) => expr), ...alerts.map(({ expr }) => expr)];
    const unknown = expressions.flatMap(metricsIn).filter((name) => !names.has(name) && name !== 'up');
    expect(unknown).toEqual([]);

    // What is of Kafka has data where there is Kafka.
    const full = panelQueries.filter(({ expr }) => !EMPTY_QUERIES.test(expr) && !expr.includes('kafka_'));
    await eventually(async () => expect(await emptyAmong(full, prometheus)).toEqual([]));

    for (const { name, definition } of dashboard.templating.list) {
      const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '') ?? [];
      if (selector === undefined || label === undefined) continue;
      const values = await prometheus.labelValues(label, filledIn(selector, ''));
      expect([name, values.length > 0]).toEqual([name, true]);
      if (name === 'result') expect(values).toContain('processor_result_latency_ms_p95');
    }
    await expectQuietAlerts(prometheus);
  });
});

/** A processor that has all there is to see: state on disk, checkpoints, results as gauges; late and broken events come with the demo. */
function processorUnderWay(): Promise<string> {
  const config = write(
    'processor.yaml',
    `processor:
  name: seen
  source: { type: demo, events_per_sec: 5000 }
  event: { key: [model, region], values: { latency_ms: latency_ms, cost_usd: cost_usd } }
  windows: { tumbling: { size_secs: 1, allowed_lateness_secs: 0 } }
  watermark: { max_out_of_orderness_secs: 1 }
  checkpoint_interval_secs: 1
  state: { backend: rocksdb, path: ${at('state')}, checkpoint_path: ${at('checkpoints')} }
  sinks: [{ type: metrics }, { type: file, path: ${at('out.ndjson')} }]
  error_handling: { dead_letter_path: ${at('dead.ndjson')} }
  http: { port: 0 }
`,
  );
  return start(['run', '-c', config]).url();
}
