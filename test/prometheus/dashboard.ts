import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../checks/source-file.ts';

/** A panel of a Grafana dashboard: as much of it as is looked at. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr?: string }[] };
}

/** The dashboard that comes with the project. */
export const dashboard = JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/dashboard.json'), 'utf8')) as Dashboard;

/** A query of the dashboard, and the panel that it is for. */
export interface PanelQuery {
  readonly panel: string;
  readonly expr: string;
}

/** Every query of the dashboard, annotations too. */
export const panelQueries: readonly PanelQuery[] = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ panel: title, expr }))),
  ...dashboard.annotations.list.flatMap(({ expr }) => (expr === undefined ? [] : [{ panel: 'annotation', expr }])),
];

/** A query with the variables of the dashboard put in, as Grafana does. */
export function filledIn(expr: string, result: string): string {
  const values: Readonly<Record<string, string>> = {
    __rate_interval: '10s',
    job: '.*',
    instance: '.*',
    result,
  };
  return expr.replaceAll(/\$\{?(\w+)\}?/g, (variable, name: string) => values[name] ?? variable);
}

/** The names of metrics in an expression: what is neither a function, a keyword, a label nor text. */
export function metricsIn(expr: string): readonly string[] {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
    .replaceAll(/\[[^\]]*\]/g, '');
  const names = bare.match(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g) ?? [];
  return [...new Set(names.filter((name) => !/^(?:and|or|unless|bool|offset|group_left|group_right)$/.test(name)))];
}
