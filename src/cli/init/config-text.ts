import { parseDuration } from '../../time/duration.ts';
import type { InitAnswers } from './answers.ts';

/** A mapping of YAML with a comment at some keys: `[key, value, comment]`; a value that is a list of these is a mapping. */
type Section = readonly Entry[];
type Entry = readonly [key: string, value: Section | string, comment?: string];

/** Text that YAML 1.2 takes for the same text, unquoted. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
/** Words that are something else than text. */
const TAKEN = /^(?:true|false|null|yes|no|on|off|y|n|\.inf|\.nan)$/i;

/** The configuration that answers come to, as YAML for a person to go on from. `file`: its own name. */
export function configText(answers: InitAnswers, file: string): string {
  const sections: Entry[] = [
    ['name', text(answers.name), 'Results and state are kept under it.'],
    ['source', sourceOf(answers)],
    ['event', eventOf(answers)],
    ['windows', windowsOf(answers)],
    ['watermark', [['max_out_of_orderness_secs', answers.source === 'demo' ? '5' : '30', 'Disorder to wait for.']]],
    [
      'aggregation',
      [
        ['enabled', '[count, average, min, max, percentile]'],
        ['percentiles', '[50, 95, 99]'],
      ],
    ],
    ...stateOf(answers),
    ...sinksOf(answers),
    ...kafkaOf(answers),
  ];
  const head = [
    `# Run it:    processor --config ${file}`,
    `# Check it:  processor validate --config ${file}`,
    '# Every key: processor config --schema, or the configuration page of the documentation.',
  ];
  return `${head.join('\n')}\n${render([['processor', sections]], '')}`;
}

function render(section: Section, indent: string): string {
  return section
    .map(([key, value, comment]) => {
      if (typeof value !== 'string') return `${indent}${key}:\n${render(value, `${indent}  `)}`;
      return `${indent}${key}: ${value}${comment === undefined ? '' : ` # ${comment}`}\n`;
    })
    .join(indent === '  ' ? '\n' : '');
}

function sourceOf({ source, path }: InitAnswers): Section {
  switch (source) {
    case 'demo':
      return [
        ['type', 'demo', 'Made-up traffic.'],
        ['events_per_sec', '300'],
        ['disorder_secs', '1'],
      ];
    case 'file':
      return [
        ['type', 'file'],
        ['paths', list([path])],
        ['follow', 'false', 'true: go on reading what is appended.'],
      ];
    case 'http':
      return [['type', 'http', 'POST /v1/events']];
    case 'kafka':
      return [['type', 'kafka']];
  }
}

function eventOf({ timestamp, timestampUnit, key, values }: InitAnswers): Section {
  const [first] = values;
  const metrics: readonly Entry[] =
    first === undefined
      ? []
      : values.length === 1
        ? [['value', text(first)]]
        : [['values', values.map((path): Entry => [text(path), text(path)])]];
  const unit: readonly Entry[] = timestampUnit === 'ms' ? [] : [['timestamp_unit', timestampUnit]];
  return [['timestamp', text(timestamp)], ...unit, ['key', list(key), 'Group by; [] is one group.'], ...metrics];
}

function windowsOf({ window, length, source }: InitAnswers): Section {
  const ms = parseDuration(length, 'length of the windows');
  const lateness: Entry = [
    'allowed_lateness_secs',
    source === 'demo' ? '10' : '60',
    'Later events are dropped, and counted.',
  ];
  const shape: Section =
    window === 'session'
      ? [['gap_secs', seconds(ms)]]
      : window === 'sliding'
        ? [
            ['size_secs', seconds(ms)],
            ['slide_secs', seconds(slideOf(ms))],
          ]
        : [['size_secs', seconds(ms)]];
  return [
    ['default_type', window],
    [window, [...shape, lateness]],
  ];
}

/** Ten windows at a time, where that is a whole number of milliseconds. */
function slideOf(ms: number): number {
  return ms % 10 === 0 ? ms / 10 : ms;
}

function stateOf({ durable }: InitAnswers): readonly Entry[] {
  if (!durable) return [];
  const paths: Section = [
    ['backend', 'rocksdb', 'A restart goes on where it was, also after a crash.'],
    ['path', './data/state'],
    ['checkpoint_path', './data/checkpoints'],
  ];
  return [['state', paths]];
}

function sinksOf({ results }: InitAnswers): readonly Entry[] {
  if (results === 'kafka') return [];
  const sink = results === 'file' ? '[{ type: file, path: out/results.ndjson }]' : '[{ type: console, format: table }]';
  return [['sinks', sink]];
}

function kafkaOf({ source, results, servers, topic, name }: InitAnswers): readonly Entry[] {
  const parts: Entry[] = [];
  const brokers: Entry = ['bootstrap_servers', text(servers)];
  if (source === 'kafka') parts.push(['consumer', [brokers, ['group_id', text(name)], ['topics', list([topic])]]]);
  if (results === 'kafka') {
    const created: Entry = ['create_topics', 'true', 'For results and dead letters, where they do not exist.'];
    parts.push(['producer', [brokers, ['result_topic', 'aggregated-metrics'], created]]);
  }
  return parts.length === 0 ? [] : [['kafka', parts]];
}

function list(items: readonly string[]): string {
  return `[${items.map(text).join(', ')}]`;
}

function text(value: string): string {
  return PLAIN.test(value) && !TAKEN.test(value) ? value : JSON.stringify(value);
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
