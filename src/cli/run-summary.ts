import type { RunSummary } from '../pipeline/pipeline.ts';
import { formatCount, formatRate } from './quantity.ts';

/** How a run went, in one line; what was left out is never left unsaid. */
export function summaryText({ outcome, counters, durationMs }: RunSummary, deadLetterPath: string): string {
  const seconds = durationMs / 1000;
  const rate = seconds > 0 ? ` (${formatRate(counters.read / seconds)})` : '';
  const parts = [
    `${outcome === 'finished' ? 'Done' : 'Stopped'}: ${formatCount(counters.read)} events in ${seconds.toFixed(1)} s${rate}`,
  ];
  if (counters.rejected > 0) parts.push(`${formatCount(counters.rejected)} could not be used, see ${deadLetterPath}`);
  if (counters.droppedLate > 0) parts.push(`${formatCount(counters.droppedLate)} came too late for their window`);
  if (counters.unassigned > 0) parts.push(`${formatCount(counters.unassigned)} belong to no window`);
  if (counters.skipped > 0) parts.push(`${formatCount(counters.skipped)} results were refused by a sink and left out`);
  return `${parts.join('; ')}.`;
}
