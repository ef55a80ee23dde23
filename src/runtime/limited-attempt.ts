import { ProcessorError } from '../errors/processor-error.ts';
import type { Clock } from '../time/clock.ts';
import { formatDuration } from '../time/duration.ts';
import type { Millis } from '../time/instant.ts';

/** How long an attempt may take, and what else ends it. */
export interface AttemptLimits {
  readonly clock: Clock;
  /** `Infinity` for an attempt that may take as long as it likes. */
  readonly limitMs: Millis;
  /** Aborts when the run must end at once. */
  readonly ending: AbortSignal;
}

/**
 * Resolves or rejects as `work` does, which is given a signal that aborts when the attempt is given up.
 * @throws ProcessorError SINK_TIMEOUT when the time is up or the run is ending; the work itself may go on.
 */
export async function attempt<T>(work: (signal: AbortSignal) => Promise<T>, limits: AttemptLimits): Promise<T> {
  const { ending } = limits;
  const given = new AbortController();
  const timer = new AbortController();
  // By hand, for AbortSignal.any would leave something behind at the run's signal with every attempt.
  const end = (): void => {
    given.abort();
    timer.abort();
  };
  if (ending.aborted) end();
  ending.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work(given.signal), timeUp(limits, timer.signal)]);
  } catch (error) {
    given.abort();
    throw error;
  } finally {
    ending.removeEventListener('abort', end);
    timer.abort();
  }
}

/** Rejects when the time is up, or when `cancelled` aborts. */
async function timeUp({ clock, limitMs }: AttemptLimits, cancelled: AbortSignal): Promise<never> {
  if (limitMs === Infinity) await aborted(cancelled);
  else await clock.sleep(limitMs, cancelled);
  const message = cancelled.aborted ? 'given up, for the run is ending' : `no answer within ${formatDuration(limitMs)}`;
  throw new ProcessorError('sink', 'SINK_TIMEOUT', message);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
