import type { TimestampUnit } from '../../time/timestamp.ts';

/** Where a new configuration reads from: the sources that a person would begin with. */
export const INIT_SOURCES = ['demo', 'file', 'http', 'kafka'] as const;

/** One of {@link INIT_SOURCES}. */
export type InitSource = (typeof INIT_SOURCES)[number];

/** The file of made-up events that is written where there are none to begin with. */
export const SAMPLE_NAME = 'events.ndjson';

/** What a new configuration is made from. */
export interface InitAnswers {
  readonly name: string;
  readonly source: InitSource;
  /** File or pattern (`file`). */
  readonly path: string;
  /** Brokers and topic (`kafka`). */
  readonly servers: string;
  readonly topic: string;
  /** Path of the event time, and what it counts where it is a number. */
  readonly timestamp: string;
  readonly timestampUnit: TimestampUnit;
  /** Paths of the grouping key; empty for one group. */
  readonly key: readonly string[];
  /** Paths of the numbers; empty for counting only. */
  readonly values: readonly string[];
  readonly window: 'tumbling' | 'sliding' | 'session';
  /** Size, or gap of sessions, as a duration: `5m`. */
  readonly length: string;
  /** State on disk: a restart goes on where it was. */
  readonly durable: boolean;
  readonly results: 'console' | 'file' | 'kafka';
}

/** What is in the events that the demo makes, and in the sample. */
const DEMO_FIELDS = { timestamp: 'timestamp', key: ['model', 'region'], values: ['latency_ms', 'cost_usd'] };

/** The answers of somebody who agrees to everything. */
export function defaultAnswers(source: InitSource, name: string): InitAnswers {
  return {
    name,
    source,
    path: SAMPLE_NAME,
    servers: 'localhost:9092',
    topic: 'feedback-events',
    ...DEMO_FIELDS,
    timestampUnit: 'ms',
    window: 'tumbling',
    length: source === 'demo' ? '10s' : '1m',
    durable: source !== 'demo',
    results: source === 'kafka' ? 'kafka' : 'console',
  };
}
