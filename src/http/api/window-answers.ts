import type { RunMonitor } from '../../monitor/run-monitor.ts';
import { formatInstant } from '../../time/instant.ts';
import { secondsOf, secondsOrNull } from '../state-body.ts';
import { finiteInstant } from './pipeline-answers.ts';
import type { Explanation, Windows } from './types.ts';

interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** `GET /v1/windows`. */
export function windowsAnswer(
  monitor: RunMonitor,
  {
    limit,
    offset,
    window,
    search,
  }: Page & { readonly window?: string | undefined; readonly search?: string | undefined },
): Windows {
  const wanted = search?.toLowerCase();
  const matched = monitor
    .openWindows()
    .filter(
      ({ name, key }) =>
        (window === undefined || name === window) &&
        (wanted === undefined || (key ?? '').toLowerCase().includes(wanted)),
    );
  return {
    total: monitor.status().activeWindows,
    matched: matched.length,
    windows: matched.slice(offset, offset + limit).map(({ name, start, end, key, fired }) => ({
      window: name,
      start: formatInstant(start),
      end: formatInstant(end),
      key,
      fired,
    })),
  };
}

/** `GET /v1/windows/explain`. */
export function explanationAnswer(monitor: RunMonitor, { limit, offset }: Page): Explanation {
  const { standing, windows } = monitor.explain();
  const { watermark, holder, active, idle, finished } = standing;
  const { disorderMs, idleTimeoutMs } = monitor.outline;
  return {
    watermark: finiteInstant(watermark),
    held_back_by:
      holder === null
        ? null
        : {
            partition: holder.partition,
            watermark: finiteInstant(holder.watermark),
            caught_up: holder.caughtUp,
            silent_seconds: secondsOf(holder.silentMs),
          },
    active,
    idle: [...idle],
    finished: [...finished],
    disorder_seconds: secondsOrNull(disorderMs),
    idle_timeout_seconds: secondsOrNull(idleTimeoutMs),
    total: windows.length,
    waiting: windows.filter(({ reason }) => reason !== 'fired').length,
    windows: windows.slice(offset, offset + limit).map((explained) => ({
      window: explained.name,
      start: formatInstant(explained.start),
      end: formatInstant(explained.end),
      keys: explained.keys,
      key: explained.key,
      fired: explained.fired,
      reason: explained.reason,
      text: explained.text,
      remaining_seconds: secondsOrNull(explained.remainingMs),
      kept_until: formatInstant(explained.keptUntil),
    })),
  };
}
