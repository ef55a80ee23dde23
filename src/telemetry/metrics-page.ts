import { METRICS, type MetricDefinition } from './metric-table.ts';

const INTRODUCTION = `# Metrics

\`GET /metrics\` gives these in the text format of Prometheus; \`ProcessorMetrics.export()\` gives the same text to a
program. Durations are in seconds, sizes in bytes. A dashboard, alerts and results as gauges: [Prometheus](sinks.md#prometheus). The
page is rendered from \`src/telemetry/metric-table.ts\`.`;

/** The reference page of the metrics, `docs/metrics.md`, in Markdown. */
export function renderMetricsPage(): string {
  const rows = Object.entries<MetricDefinition>(METRICS).map(([name, definition]) => [
    `\`${name}\``,
    definition.type,
    describeLabels(definition.labels),
    definition.help,
  ]);
  return `${INTRODUCTION}\n\n${renderTable(['Name', 'Type', 'Labels', 'Meaning'], rows)}\n`;
}

function describeLabels(labels: MetricDefinition['labels']): string {
  const described = Object.entries(labels).map(([name, values]) => {
    const meaning = typeof values === 'string' ? values : values.map((value) => `\`${value}\``).join(', ');
    return `\`${name}\`: ${meaning}`;
  });
  return described.join('; ');
}

/** A Markdown table with its columns aligned, as the formatter leaves it. */
function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
