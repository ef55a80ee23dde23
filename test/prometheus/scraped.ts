import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { ROOT } from '../checks/source-file.ts';
import { until } from '../waiting.ts';
import { filledIn, type PanelQuery } from './dashboard.ts';
import type { PrometheusServer } from './prometheus-server.ts';

/** Where the rules and the configuration lie that come with the project. */
export const PROMETHEUS = join(ROOT, 'deploy/prometheus');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: object;
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly Alert[] }[];
}

/** The alerts that come with the project. */
export const alerts = (parse(readFileSync(join(PROMETHEUS, 'alerts.yaml'), 'utf8')) as Rules).groups.flatMap(
  ({ rules }) => rules,
);

/** The configuration that comes with the project, but for the targets and the pace. */
export function configFor(urls: readonly string[]): string {
  const config = parse(readFileSync(join(PROMETHEUS, 'prometheus.yaml'), 'utf8')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[];
  };
  const targets = urls.map((url) => new URL(url).host);
  for (const scrape of config.scrape_configs) scrape.static_configs = [{ targets }];
  const global = { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' };
  return stringify({ ...config, global, rule_files: [join(PROMETHEUS, 'alerts.yaml')] });
}

/** The names of the series on pages of metrics. */
export async function seriesOf(urls: readonly string[]): Promise<ReadonlySet<string>> {
  const pages = await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  const types = pages.flatMap((page) => [...page.matchAll(/^# TYPE (\S+) (\S+)/gm)]);
  return new Set(types.flatMap(([, name = '', type]) => namesOf(name, type)));
}

function namesOf(name: string, type: string | undefined): readonly string[] {
  return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

/** The queries, with their panels, that give nothing. */
export async function emptyAmong(
  queries: readonly PanelQuery[],
  prometheus: PrometheusServer,
): Promise<readonly string[]> {
  const empty: string[] = [];
  for (const { panel, expr } of queries) {
    const samples = await prometheus.query(filledIn(expr, 'processor_result_latency_ms_p95'));
    if (samples.length === 0) empty.push(`${panel}: ${expr}`);
  }
  return empty;
}

/** Waits until every alert has been looked at; all of them must be sound, and none fire. */
export async function expectQuietAlerts(prometheus: PrometheusServer): Promise<void> {
  await until(async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'));
  const rules = await prometheus.rules();
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  expect(rules.filter(({ state }) => state === 'firing')).toEqual([]);
  expect(rules).toHaveLength(alerts.length);
}
