import type { StatusSnapshot } from '../runtime/status.ts';
import type { Clock } from '../time/clock.ts';
import { formatBytes, formatRate, formatTimeLeft } from './quantity.ts';
import type { StatusLine } from './status-line.ts';

const REDRAW_MS = 100;
const BAR_COLUMNS = 24;

/** How far a run is, as far as its partitions know. */
export interface Progress {
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly eventsRead: number;
  readonly elapsedMs: number;
}

/** Progress over all partitions; undefined where one of them does not know its end. */
function progressOf(status: StatusSnapshot, elapsedMs: number): Progress | undefined {
  let bytesRead = 0;
  let bytesTotal = 0;
  for (const partition of status.partitions) {
    if (partition.bytesTotal === undefined) return undefined;
    bytesRead += partition.bytesRead ?? 0;
    bytesTotal += partition.bytesTotal;
  }
  if (bytesTotal === 0) return undefined;
  return { bytesRead, bytesTotal, eventsRead: status.counters.read, elapsedMs };
}

/** `██████░░░░  52 %  1.20 of 2.40 GB  1.2 M events/s  3s left`, in at most `width` columns. */
export function progressText({ bytesRead, bytesTotal, eventsRead, elapsedMs }: Progress, width: number): string {
  const share = Math.min(1, bytesRead / bytesTotal);
  const filled = Math.floor(share * BAR_COLUMNS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_COLUMNS - filled);
  const seconds = elapsedMs / 1000;
  const parts = [
    bar,
    `${String(Math.floor(share * 100)).padStart(3)} %`,
    `${formatBytes(bytesRead)} of ${formatBytes(bytesTotal)}`,
    ...(seconds > 0 ? [formatRate(eventsRead / seconds)] : []),
    // Before a second has passed, and with nothing read, a guess would only jump about.
    ...(seconds >= 1 && bytesRead > 0
      ? [`${formatTimeLeft((seconds * (bytesTotal - bytesRead)) / bytesRead)} left`]
      : []),
  ];
  while (parts.length > 1 && parts.join('  ').length > width) parts.pop();
  return parts.join('  ').slice(0, width);
}

/** Draws the progress of a run until `signal` aborts, then takes the line away. */
export async function drawProgress(
  status: () => StatusSnapshot,
  line: StatusLine,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = clock.monotonic();
  while (!signal.aborted) {
    await clock.sleep(REDRAW_MS, signal);
    if (signal.aborted) break;
    const progress = progressOf(status(), clock.monotonic() - startedAt);
    if (progress !== undefined) line.show(progressText(progress, line.width));
  }
  line.clear();
}
