import type { BytePreview } from '../../monitor/byte-preview.ts';
import type { RunMonitor } from '../../monitor/run-monitor.ts';
import { formatInstant } from '../../time/instant.ts';
import { secondsOf, secondsOrNull } from '../state-body.ts';
import type { Checkpoints, DeadLetters, Epochs, LateEvents, Problems } from './types.ts';

interface Recent {
  readonly limit: number;
}

/** `GET /v1/dead-letters`. */
export function deadLettersAnswer({ deadLetters }: RunMonitor, { limit }: Recent): DeadLetters {
  return {
    total: deadLetters.total,
    dead_letters: deadLetters.newest(limit).map(({ at, offset, preview, ...rest }) => ({
      time: formatInstant(at),
      ...rest,
      offset: offsetOrNull(offset),
      preview: previewBody(preview),
    })),
  };
}

/** `GET /v1/late-events`. */
export function lateEventsAnswer({ lateEvents }: RunMonitor, { limit }: Recent): LateEvents {
  return {
    total: lateEvents.total,
    late_events: lateEvents.newest(limit).map((event) => ({
      time: formatInstant(event.at),
      event_time: formatInstant(event.eventTime),
      lateness_seconds: secondsOf(event.latenessMs),
      window: { start: formatInstant(event.windowStart), end: formatInstant(event.windowEnd), key: event.key },
      partition: event.partition,
      offset: offsetOrNull(event.offset),
      preview: previewBody(event.preview),
    })),
  };
}

/** `GET /v1/epochs`. */
export function epochsAnswer({ epochs }: RunMonitor, { limit }: Recent): Epochs {
  return {
    total: epochs.total,
    epochs: epochs.newest(limit).map((epoch) => ({
      epoch: epoch.epoch,
      time: formatInstant(epoch.committedAt),
      commit_seconds: secondsOf(epoch.durationMs),
      delivery_seconds: secondsOrNull(epoch.deliveryMs),
      records: epoch.records,
      results: epoch.results,
      late_events: epoch.lateEvents,
      dead_letters: epoch.deadLetters,
    })),
  };
}

/** `GET /v1/checkpoints`. */
export function checkpointsAnswer({ checkpoints }: RunMonitor, { limit }: Recent): Checkpoints {
  return {
    total: checkpoints.total,
    checkpoints: checkpoints.newest(limit).map(({ id, at, durationMs, sizeBytes, error }) => ({
      id,
      time: formatInstant(at),
      duration_seconds: secondsOf(durationMs),
      size_bytes: sizeBytes,
      error,
    })),
  };
}

/** `GET /v1/problems`. */
export function problemsAnswer({ problems }: RunMonitor, { limit }: Recent): Problems {
  return {
    total: problems.total,
    problems: problems.newest(limit).map(({ at, level, message, details }) => ({
      time: formatInstant(at),
      level,
      message,
      details: { ...details },
    })),
  };
}

function previewBody({ text, sizeBytes, isCut }: BytePreview): DeadLetters['dead_letters'][number]['preview'] {
  return { text, size_bytes: sizeBytes, is_cut: isCut };
}

function offsetOrNull(offset: number): number | null {
  return Number.isFinite(offset) ? offset : null;
}
