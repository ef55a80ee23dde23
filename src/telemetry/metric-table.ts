import type { ProcessorErrorKind } from '../errors/processor-error.ts';

/** What one metric is: everything that the registry, the documentation and the tests need to know of it. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Label names, each with all its values, or with a word on what they are where they are not known beforehand. */
  readonly labels: Readonly<Record<string, readonly string[] | string>>;
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[];
}

const SECONDS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
const BROKER = { broker: 'id of the broker' } as const;
const TOPIC = { topic: 'name of the topic' } as const;
const SINK = { sink: 'name of the sink, such as `file`' } as const;

/**
 * Every metric of the processor. The registry is built from this table and `docs/metrics.md` is rendered from it.
 * Names and units follow the conventions of Prometheus: base units, `_total` on counters.
 */
export const METRICS = {
  events_processed_total: {
    type: 'counter',
    help: 'Events read and decoded. Those that were rejected are not among them.',
    labels: {},
  },
  events_rejected_total: {
    type: 'counter',
    help: 'Records that could not be used and went to the dead letters.',
    labels: { reason: 'why, such as `not_json` or `missing_timestamp`' },
  },
  events_filtered_total: {
    type: 'counter',
    help: 'Events that a filter or flatMap of the pipeline left out.',
    labels: {},
  },
  events_unassigned_total: {
    type: 'counter',
    help: 'Events that belong to no window: those in the gaps between sliding windows.',
    labels: {},
  },
  events_late_total: {
    type: 'counter',
    help: 'Late events, counted once for each window they were late for.',
    labels: { outcome: ['accepted', 'dropped'] },
  },
  values_missing_total: {
    type: 'counter',
    help: 'Values that an event did not have, counted per event and metric.',
    labels: {},
  },
  values_inexact_total: {
    type: 'counter',
    help: 'Whole numbers beyond the precision of a double, used as the nearest double.',
    labels: {},
  },
  processing_latency_seconds: {
    type: 'histogram',
    help: "Time from a block's receipt by its source to its aggregation. Observed once for each block, not for each event.",
    labels: {},
    buckets: SECONDS,
  },
  windows_fired_total: {
    type: 'counter',
    help: 'Panes fired.',
    labels: { timing: ['early', 'on_time', 'late', 'retraction'] },
  },
  windows_active: {
    type: 'gauge',
    help: 'Windows, counted per key, that hold state.',
    labels: {},
  },
  watermark_seconds: {
    type: 'gauge',
    help: 'Watermark of the pipeline, as seconds since 1970. Absent before the first event and after the end of the input.',
    labels: {},
  },
  watermark_lag_seconds: {
    type: 'gauge',
    help: 'How far the watermark is behind the clock, at the moment of the scrape. Absent when the watermark is.',
    labels: {},
  },
  partitions: {
    type: 'gauge',
    help: 'Partitions of the source.',
    labels: { state: ['active', 'idle', 'finished'] },
  },
  state_size_bytes: {
    type: 'gauge',
    help: 'Size of the window state in memory, estimated.',
    labels: {},
  },
  windows_spilled: {
    type: 'gauge',
    help: 'Of the windows that hold state, those that are in the state backend only, for want of memory or since a restart.',
    labels: {},
  },
  state_entries_spilled_total: {
    type: 'counter',
    help: 'Entries of window state let go of in memory, to stay within the bound.',
    labels: {},
  },
  state_entries_reloaded_total: {
    type: 'counter',
    help: 'Entries of window state read back from the state backend.',
    labels: {},
  },
  epochs_committed_total: {
    type: 'counter',
    help: 'Epochs committed.',
    labels: {},
  },
  epoch_commit_seconds: {
    type: 'histogram',
    help: 'Time that the state backend took to commit an epoch, with the retries.',
    labels: {},
    buckets: SECONDS,
  },
  last_commit_timestamp_seconds: {
    type: 'gauge',
    help: 'When the last epoch was committed, as seconds since 1970. Absent before the first of the process.',
    labels: {},
  },
  state_full: {
    type: 'gauge',
    help: 'Whether a commit waits for room on the disk of the state: 1 if it does, else 0.',
    labels: {},
  },
  state_repairs_total: {
    type: 'counter',
    help: 'Times that the state was found damaged at the start, and a checkpoint took its place.',
    labels: {},
  },
  recovery_progress_ratio: {
    type: 'gauge',
    help: 'How much of the state of an earlier run is taken up, 0 to 1. 1 once the run is under way.',
    labels: {},
  },
  last_checkpoint_timestamp_seconds: {
    type: 'gauge',
    help: 'When the newest checkpoint was made, as seconds since 1970: its age is `time()` less this. Absent where there is none.',
    labels: {},
  },
  last_checkpoint_size_bytes: {
    type: 'gauge',
    help: 'Size of the newest checkpoint. Absent where there is none.',
    labels: {},
  },
  checkpoint_seconds: {
    type: 'histogram',
    help: 'Time that a checkpoint took, beside the stream.',
    labels: {},
    buckets: SECONDS,
  },
  checkpoint_failures_total: {
    type: 'counter',
    help: 'Checkpoints that could not be made, looked up or deleted.',
    labels: {},
  },
  sink_delivery_seconds: {
    type: 'histogram',
    help: 'Time that a sink took for a delivery that succeeded.',
    labels: SINK,
    buckets: SECONDS,
  },
  sink_retries_total: {
    type: 'counter',
    help: 'Deliveries tried again after a failure.',
    labels: SINK,
  },
  items_skipped_total: {
    type: 'counter',
    help: 'Items that a sink refused for good: left out by the policy `skip`, made dead letters by `dead_letter`.',
    labels: SINK,
  },
  kafka_consumer_lag: {
    type: 'gauge',
    help: 'Records of a partition that are yet to be handed on, by the newest offset that is known of.',
    labels: { topic: 'name of the topic', partition: 'number of the partition' },
  },
  kafka_fetch_seconds: {
    type: 'histogram',
    help: 'Time that a broker took to answer a fetch, its wait for something new included.',
    labels: BROKER,
    buckets: SECONDS,
  },
  kafka_fetched_bytes_total: {
    type: 'counter',
    help: 'Bytes of records fetched, as they came: compressed.',
    labels: BROKER,
  },
  kafka_records_total: {
    type: 'counter',
    help: 'Records handed on. Those of aborted transactions are not among them.',
    labels: TOPIC,
  },
  kafka_offset_commits_total: {
    type: 'counter',
    help: "Commits of the consumer group's offsets by the source.",
    labels: { outcome: '`ok` or `failed`' },
  },
  kafka_produce_seconds: {
    type: 'histogram',
    help: 'Time that a broker took to write what it was sent, replicas included as `acks` has it.',
    labels: BROKER,
    buckets: SECONDS,
  },
  kafka_produced_records_total: {
    type: 'counter',
    help: 'Records written. Those of a transaction that was then given up are among them.',
    labels: TOPIC,
  },
  kafka_produced_bytes_total: {
    type: 'counter',
    help: 'Bytes of batches written, as they were sent: compressed.',
    labels: TOPIC,
  },
  kafka_transactions_total: {
    type: 'counter',
    help: 'Transactions: committed, or given up, in which case what was in them is delivered in another.',
    labels: { outcome: ['committed', 'given_up'] },
  },
  kafka_transaction_seconds: {
    type: 'histogram',
    help: 'Time from the beginning of a transaction to its commit.',
    labels: {},
    buckets: SECONDS,
  },
  kafka_disconnects_total: {
    type: 'counter',
    help: 'Fetches that failed because a broker could not be reached or did not answer.',
    labels: BROKER,
  },
  errors_total: {
    type: 'counter',
    help: 'Errors, by the part of the processor that they come from.',
    labels: {
      kind: [
        'configuration',
        'window-assignment',
        'aggregation',
        'watermark',
        'decode',
        'state',
        'source',
        'sink',
        'internal',
      ] satisfies readonly ProcessorErrorKind[],
    },
  },
  build_info: {
    type: 'gauge',
    help: 'Always 1. The labels say what is running.',
    labels: { version: 'version of the processor', node: 'version of Node.js' },
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Names of the metrics of one type. */
export type MetricName<T extends MetricDefinition['type'] = MetricDefinition['type']> = {
  [N in keyof typeof METRICS]: (typeof METRICS)[N]['type'] extends T ? N : never;
}[keyof typeof METRICS];
