import type { StatusSnapshot } from '../runtime/status.ts';
import { formatInstant } from '../time/instant.ts';
import { stateBody } from './state-body.ts';

/** What a page says, and the status it says it with. */
export interface Page {
  readonly status: 200 | 503;
  readonly body: object;
}

/** True while the run takes events and is not beyond help. */
function isUp(snapshot: StatusSnapshot): boolean {
  return snapshot.state === 'running' && snapshot.health !== 'failed';
}

/** `GET /health`: 200 while running, degraded or not; 503 before, after, and when failed. */
export function healthPage(snapshot: StatusSnapshot): Page {
  const { state, health, counters, stateStatus } = snapshot;
  const body = {
    status: health === 'failed' ? 'failed' : state === 'running' ? health : state,
    pipeline: snapshot.pipeline,
    uptime_seconds: Math.floor(snapshot.uptimeMs / 1000),
    components: snapshot.components,
    ...(stateStatus.recovery === null ? {} : { recovery: stateStatus.recovery }),
    epoch: snapshot.epoch,
    watermark: Number.isFinite(snapshot.watermark) ? formatInstant(snapshot.watermark) : null,
    active_windows: snapshot.activeWindows,
    state_size_bytes: snapshot.stateBytes,
    state: { backend: stateStatus.backend, full: stateStatus.isFull, ...stateBody(stateStatus) },
    events: {
      read: counters.read,
      rejected: counters.rejected,
      filtered: counters.filtered,
      late_accepted: counters.acceptedLate,
      late_dropped: counters.droppedLate,
    },
  };
  return { status: isUp(snapshot) ? 200 : 503, body };
}

/** `GET /ready`: 200 while running and not failed, else 503. */
export function readyPage(snapshot: StatusSnapshot): Page {
  const ready = isUp(snapshot);
  return { status: ready ? 200 : 503, body: { ready, state: snapshot.state } };
}
