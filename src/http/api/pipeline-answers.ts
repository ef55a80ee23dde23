import { watermarkLagOf, type FlowRates, type RateStretch } from '../../monitor/rate-samples.ts';
import type { RunMonitor } from '../../monitor/run-monitor.ts';
import { watermarkStanding } from '../../monitor/watermark-holder.ts';
import type { PartitionStatus, StatusSnapshot } from '../../runtime/status.ts';
import { formatInstant, type Instant, type Millis } from '../../time/instant.ts';
import { streamId } from '../feed/stream-id.ts';
import { secondsOf, secondsOrNull, stateBody } from '../state-body.ts';
import type { PipelineInfo, Partitions, RateHistory, Status } from './types.ts';

/** `GET /v1/status`. */
export function statusAnswer(monitor: RunMonitor): Status {
  const snapshot = monitor.status();
  const { results, stream } = monitor;
  const now = monitor.now();
  const rates = monitor.rates();
  return {
    pipeline: snapshot.pipeline,
    instance: monitor.instance,
    time: formatInstant(now),
    state: snapshot.state,
    health: snapshot.health,
    started_at: formatInstant(snapshot.startedAt),
    uptime_seconds: secondsOf(snapshot.uptimeMs),
    components: Object.entries(snapshot.components).map(([name, { status, message }]) => ({ name, status, message })),
    epoch: snapshot.epoch,
    watermark: finiteInstant(snapshot.watermark),
    watermark_lag_seconds: secondsOrNull(watermarkLagOf(snapshot, now)),
    partitions: partitionCounts(snapshot.partitions),
    open_windows: snapshot.activeWindows,
    firing: snapshot.isFiring,
    counters: countersOf(snapshot.counters),
    rates: rates === null ? null : ratesOf(rates),
    rejections: snapshot.rejections.map(({ code, count, example }) => ({ reason: code, count, example })),
    storage: storageOf(snapshot),
    history: {
      keys: results.keys,
      windows: results.size,
      size_bytes: Math.round(results.sizeBytes),
      dropped: results.dropped,
      version: results.version,
      last_id: streamId(monitor.instance, stream.last),
    },
  };
}

/** `GET /v1/pipeline`. */
export function pipelineAnswer({ outline, results }: RunMonitor): PipelineInfo {
  return {
    name: outline.name,
    source: outline.source,
    time: outline.time,
    key: [...outline.key],
    metrics: [...outline.metrics],
    windows: outline.windows.map(({ name, type, description, allowedLatenessMs, hasTrigger }) => ({
      name,
      type,
      description,
      allowed_lateness_seconds: secondsOf(allowedLatenessMs),
      has_trigger: hasTrigger,
    })),
    disorder_seconds: secondsOrNull(outline.disorderMs),
    idle_timeout_seconds: secondsOrNull(outline.idleTimeoutMs),
    sinks: [...outline.sinks],
    has_late_sink: outline.hasLateSink,
    has_dead_letter_sink: outline.hasDeadLetterSink,
    state_backend: outline.stateBackend,
    commit_interval_seconds: secondsOf(outline.commitIntervalMs),
    buffer_size: outline.bufferSize,
    values: results.columns.all.map(({ name, metric, aggregate }) => ({ name, metric, aggregate })),
  };
}

/** `GET /v1/rates`. */
export function ratesAnswer(monitor: RunMonitor): RateHistory {
  return { stretches: monitor.rateHistory().map(stretchOf) };
}

/** `GET /v1/partitions`. */
export function partitionsAnswer(
  monitor: RunMonitor,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Partitions {
  const snapshot = monitor.status();
  const { idleTimeoutMs } = monitor.outline;
  const { holder } = watermarkStanding(snapshot);
  const furthest = Math.max(-Infinity, ...snapshot.partitions.map(({ watermark }) => watermark));
  return {
    total: snapshot.partitions.length,
    partitions: snapshot.partitions.slice(offset, offset + limit).map((partition) => ({
      id: partition.id,
      state: partition.state,
      watermark: finiteInstant(partition.watermark),
      behind_seconds: secondsOrNull(furthest - partition.watermark),
      holds_back: partition.id === holder?.partition,
      silent_seconds: secondsOf(partition.silentMs),
      idle_in_seconds: idleIn(partition, idleTimeoutMs),
      offset: partition.offset,
      committed_offset: partition.committedOffset,
      caught_up: partition.caughtUp,
      lag_records: partition.lagRecords,
      bytes_read: partition.bytesRead ?? null,
      bytes_total: partition.bytesTotal ?? null,
    })),
  };
}

/** ISO 8601; null for the two ends of a watermark. */
export function finiteInstant(at: Instant): string | null {
  return Number.isFinite(at) ? formatInstant(at) : null;
}

function idleIn({ state, caughtUp, silentMs }: PartitionStatus, idleTimeoutMs: Millis): number | null {
  return state === 'active' && caughtUp ? secondsOrNull(Math.max(0, idleTimeoutMs - silentMs)) : null;
}

function partitionCounts(partitions: readonly PartitionStatus[]): Status['partitions'] {
  const counts = { active: 0, idle: 0, finished: 0 };
  for (const { state } of partitions) counts[state] += 1;
  return counts;
}

function countersOf(counters: StatusSnapshot['counters']): Status['counters'] {
  const { read, decoded, rejected, filtered, assigned, unassigned, fired, skipped } = counters;
  return {
    read,
    decoded,
    rejected,
    filtered,
    assigned,
    on_time: counters.onTime,
    out_of_order: counters.outOfOrder,
    accepted_late: counters.acceptedLate,
    dropped_late: counters.droppedLate,
    unassigned,
    fired,
    skipped,
  };
}

function ratesOf({ read, rejected, acceptedLate, droppedLate, delivered }: FlowRates): NonNullable<Status['rates']> {
  return { read, rejected, accepted_late: acceptedLate, dropped_late: droppedLate, delivered };
}

function stretchOf({ start, end, rates, watermarkLagMs }: RateStretch): RateHistory['stretches'][number] {
  return {
    start: formatInstant(start),
    end: formatInstant(end),
    rates: ratesOf(rates),
    watermark_lag_seconds: secondsOrNull(watermarkLagMs),
  };
}

function storageOf({ stateBytes, stateStatus }: StatusSnapshot): Status['storage'] {
  const { backend, recovery, isFull } = stateStatus;
  return {
    backend,
    size_bytes: Math.round(stateBytes),
    full: isFull,
    recovery: recovery === null ? null : { percent: recovery.percent },
    ...stateBody(stateStatus),
  };
}
