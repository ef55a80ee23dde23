import { styleText } from 'node:util';
import { nameOfPath } from '../event/field-path.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import { describeUrl } from '../sinks/server-url.ts';
import type { ProcessorConfig, SinkConfig } from '../config/schema/processor.ts';

const WIDTH = 80;
const LABEL_COLUMNS = 11;
const LINKS: readonly string[] = ['dashboard', 'metrics'];

/** What the banner shows besides the configuration. */
export interface BannerFacts {
  readonly version: string;
  readonly plan: PipelinePlan;
  /** `http://127.0.0.1:8080`; undefined where nothing is served. */
  readonly url: string | undefined;
  readonly color: boolean;
}

/** What a person should know when a run begins: what runs, where its numbers are, how to stop it. */
export function bannerText(config: ProcessorConfig, { version, plan, url, color }: BannerFacts): string {
  const paint = (format: 'bold' | 'dim' | 'cyan', text: string): string =>
    color ? styleText(format, text, { validateStream: false }) : text;
  const rows: readonly (readonly [string, string])[] = [
    ['pipeline', config.name],
    ['source', describeSource(config)],
    ['windows', describeWindows(config, plan)],
    ...(config.state.backend === 'rocksdb' ? [['state', `rocksdb in ${config.state.path}`] as const] : []),
    ['results', config.sinks.map((sink) => describeSink(sink, config)).join(', ')],
    ...(url === undefined ? [] : [['dashboard', `${url}/`] as const, ['metrics', `${url}/metrics`] as const]),
    ['stop', 'Ctrl-C'],
  ];
  const lines = rows.map(([label, value]) => {
    const text = value.length > WIDTH - LABEL_COLUMNS - 2 ? `${value.slice(0, WIDTH - LABEL_COLUMNS - 3)}…` : value;
    return `  ${paint('dim', label.padEnd(LABEL_COLUMNS))}${LINKS.includes(label) ? paint('cyan', text) : text}`;
  });
  return `\n${paint('bold', 'processor')} ${paint('dim', version)}\n\n${lines.join('\n')}\n\n`;
}

function describeSource({ source, kafka: { consumer } }: ProcessorConfig): string {
  switch (source.type) {
    case 'demo':
      return source.events_per_sec === 0
        ? 'demo, as fast as it goes'
        : `demo, ${source.events_per_sec.toLocaleString('en-US')} events/s`;
    case 'file':
      return `${source.follow ? 'following ' : ''}${(source.paths ?? []).join(', ')}`;
    case 'stdin':
      return 'standard input';
    case 'http':
      return 'events posted over HTTP';
    case 'kafka': {
      const { topics = [], bootstrap_servers: servers = '', instance, instances = 1 } = consumer ?? {};
      const share = instances === 1 ? '' : `, instance ${String(instance)} of ${String(instances)}`;
      return `Kafka, ${topics.join(', ')} at ${servers}${share}`;
    }
  }
}

function describeWindows({ event }: ProcessorConfig, plan: PipelinePlan): string {
  const windows = plan.windows.map(({ assigner }) => assigner.describe()).join(', ');
  return event.key.length === 0 ? windows : `${windows} by ${event.key.map(nameOfPath).join(', ')}`;
}

function describeSink(sink: SinkConfig, { kafka: { producer } }: ProcessorConfig): string {
  switch (sink.type) {
    case 'console':
      return `${sink.format} on standard output`;
    case 'file':
      return sink.path;
    case 'kafka':
      return `Kafka, ${producer?.result_topic ?? ''}`;
    case 'postgres':
      return `table ${sink.table} of Postgres`;
    case 'metrics':
      return `gauges ${sink.prefix}_…`;
    case 'websocket':
    case 'http':
      return describeUrl(sink.url);
  }
}
