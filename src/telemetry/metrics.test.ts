import { register } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { METRICS, type MetricDefinition } from './metric-table.ts';
import { renderMetricsPage } from './metrics-page.ts';
import { ProcessorMetrics, type EventTotals } from './metrics.ts';

const DEFINITIONS = Object.entries<MetricDefinition>(METRICS);
const NOTHING: EventTotals = {
  processed: 0,
  filtered: 0,
  unassigned: 0,
  acceptedLate: 0,
  droppedLate: 0,
  valuesMissing: 0,
  valuesInexact: 0,
};

/** Samples of the exported text, by name and labels. */
async function samples(metrics: ProcessorMetrics): Promise<Map<string, number>> {
  const lines = (await metrics.export()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('the table of metrics', () => {
  it.each(DEFINITIONS)('%s follows the naming rules of Prometheus', (name, { type, help, labels, buckets }) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).not.toMatch(
      /_(ms|millis|milliseconds|micros|nanos|minutes|hours|kb|kilobytes|mb|percent|count|sum|bucket)(_|$)/,
    );
    if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/);
    expect(help).toMatch(/^[A-Z].*\.$/);
    expect(buckets !== undefined).toBe(type === 'histogram');
    expect([...(buckets ?? [])].sort((a, b) => a - b)).toEqual(buckets ?? []);
    for (const label of Object.keys(labels)) {
      expect(label).toMatch(/^[a-z][a-z_]*$/);
      expect(['le', 'quantile', 'job', 'instance']).not.toContain(label);
    }
  });

  it('is what the registry holds, with type and help', async () => {
    const text = await new ProcessorMetrics().export();
    for (const [name, { type, help }] of DEFINITIONS) {
      expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
    }
    expect(text.match(/# TYPE/g)).toHaveLength(DEFINITIONS.length);
  });

  it('is what docs/metrics.md says (after a change: vitest run -u)', async () => {
    await expect(renderMetricsPage()).toMatchFileSnapshot('../../docs/metrics.md');
  });
});

describe('ProcessorMetrics', () => {
  it('records events, errors, sizes and latencies in base units', async () => {
    const metrics = new ProcessorMetrics();
    metrics.recordEventProcessed();
    metrics.recordEventProcessed(4);
    metrics.recordRejected('not_json', 2);
    metrics.recordError();
    metrics.recordError('sink');
    metrics.recordStateSize(4096);
    metrics.recordProcessingLatency(3);
    metrics.recordFired('late', 2);
    metrics.recordActiveWindows(9);
    metrics.recordPartitions({ active: 2, idle: 1, finished: 0 });
    metrics.recordCommit(20, 5000);
    metrics.recordCheckpoint({ createdAt: 4000, sizeBytes: 77 }, 250);
    metrics.recordCheckpointFailure();
    metrics.recordStateFull(true);
    metrics.recordRepair();
    metrics.recordRecovery(0.5);
    metrics.recordDelivery('file', 1500);
    metrics.recordRetry('file');
    metrics.recordSkipped('file', 3);
    const found = await samples(metrics);
    const expected = {
      events_processed_total: 5,
      'events_rejected_total{reason="not_json"}': 2,
      'errors_total{kind="internal"}': 1,
      'errors_total{kind="sink"}': 1,
      state_size_bytes: 4096,
      last_commit_timestamp_seconds: 5,
      last_checkpoint_timestamp_seconds: 4,
      last_checkpoint_size_bytes: 77,
      checkpoint_seconds_sum: 0.25,
      checkpoint_failures_total: 1,
      state_full: 1,
      state_repairs_total: 1,
      recovery_progress_ratio: 0.5,
      processing_latency_seconds_sum: 0.003,
      'processing_latency_seconds_bucket{le="0.0025"}': 0,
      'processing_latency_seconds_bucket{le="0.005"}': 1,
      'windows_fired_total{timing="late"}': 2,
      windows_active: 9,
      'partitions{state="active"}': 2,
      'partitions{state="idle"}': 1,
      epochs_committed_total: 1,
      epoch_commit_seconds_sum: 0.02,
      'sink_delivery_seconds_sum{sink="file"}': 1.5,
      'sink_retries_total{sink="file"}': 1,
      'items_skipped_total{sink="file"}': 3,
    };
    for (const [sample, value] of Object.entries(expected))
      expect([sample, found.get(sample)]).toEqual([sample, value]);
  });

  it('starts the series it can foresee at 0', async () => {
    const found = await samples(new ProcessorMetrics());
    expect(found.get('events_late_total{outcome="dropped"}')).toBe(0);
    expect(found.get('errors_total{kind="window-assignment"}')).toBe(0);
    expect(found.get('partitions{state="idle"}')).toBe(0);
  });

  it('takes __proto__ and the like as ordinary label values', async () => {
    const metrics = new ProcessorMetrics();
    for (const sink of ['__proto__', 'constructor', 'toString']) metrics.recordRetry(sink);
    const found = await samples(metrics);
    for (const sink of ['__proto__', 'constructor', 'toString']) {
      expect(found.get(`sink_retries_total{sink="${sink}"}`)).toBe(1);
    }
  });

  it('mirrors totals by what they have risen', async () => {
    const metrics = new ProcessorMetrics();
    metrics.mirror({ ...NOTHING, processed: 10, acceptedLate: 1 });
    metrics.mirror({ ...NOTHING, processed: 25, acceptedLate: 1, droppedLate: 4, valuesInexact: 2 });
    const found = await samples(metrics);
    expect(found.get('events_processed_total')).toBe(25);
    expect(found.get('events_late_total{outcome="accepted"}')).toBe(1);
    expect(found.get('events_late_total{outcome="dropped"}')).toBe(4);
    expect(found.get('values_inexact_total')).toBe(2);
  });

  it('counts nothing twice when totals fall back to the last committed epoch', async () => {
    const metrics = new ProcessorMetrics();
    for (const processed of [10, 6, 9, 12]) metrics.mirror({ processed });
    expect((await samples(metrics)).get('events_processed_total')).toBe(12);
  });

  it('counts only what this process has done when a run begins with restored totals', async () => {
    const metrics = new ProcessorMetrics();
    metrics.startFrom({ ...NOTHING, processed: 1_000_000 });
    metrics.mirror({ processed: 1_000_003 });
    expect((await samples(metrics)).get('events_processed_total')).toBe(3);
  });

  it('has no watermark while it is infinite, and works the lag out at the scrape', async () => {
    let now = 100_000;
    const metrics = new ProcessorMetrics({ now: () => now });
    expect((await samples(metrics)).has('watermark_seconds')).toBe(false);
    expect((await samples(metrics)).has('watermark_lag_seconds')).toBe(false);
    metrics.recordWatermark(70_500);
    expect((await samples(metrics)).get('watermark_seconds')).toBe(70.5);
    expect((await samples(metrics)).get('watermark_lag_seconds')).toBe(29.5);
    now += 10_000;
    expect((await samples(metrics)).get('watermark_lag_seconds')).toBe(39.5);
    metrics.recordWatermark(Infinity);
    const atEnd = await samples(metrics);
    expect(atEnd.has('watermark_seconds')).toBe(false);
    expect(atEnd.has('watermark_lag_seconds')).toBe(false);
  });

  it('says what is running where it is told', async () => {
    const found = await samples(new ProcessorMetrics({ build: { version: '1.2.3', node: '24.0.0' } }));
    expect(found.get('build_info{version="1.2.3",node="24.0.0"}')).toBe(1);
  });

  it('leaves the default registry alone, and keeps two instances apart', async () => {
    const before = register.getMetricsAsArray().length;
    const [one, other] = [new ProcessorMetrics({ processMetrics: true }), new ProcessorMetrics()];
    one.recordEventProcessed();
    expect((await samples(other)).get('events_processed_total')).toBe(0);
    expect((await samples(one)).has('process_cpu_seconds_total')).toBe(true);
    expect(register.getMetricsAsArray()).toHaveLength(before);
    expect(one.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });
});
