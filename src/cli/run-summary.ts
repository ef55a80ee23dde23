import type { RunSummary } from '../pipeline/pipeline.ts';
import { formatCount, formatRate } from './quantity.ts';

const SHOWN_REASONS = 5;

/** How a run went, in a line, and in one more for each thing that was left out: that is never left unsaid. */
export function summaryText(summary: RunSummary, deadLetters: string): string {
  const { outcome, counters, rejections, durationMs } = summary;
  const seconds = durationMs / 1000;
  const rate = seconds > 0 ? ` (${formatRate(counters.read / seconds)})` : '';
  const word = outcome === 'finished' ? 'Done' : 'Stopped';
  const lines = [`${word}: ${formatCount(counters.read)} events in ${seconds.toFixed(1)} s${rate}`];
  if (counters.rejected > 0) {
    lines.push(`${formatCount(counters.rejected)} could not be used, see ${deadLetters}`);
    for (const { code, count, example } of rejections.slice(0, SHOWN_REASONS)) {
      lines.push(`  ${formatCount(count)} ${code}: ${example}`);
    }
  }
  if (counters.missingValues > 0) {
    lines.push(`${formatCount(counters.missingValues)} values were missing: there was nothing at their path`);
  }
  if (counters.droppedLate > 0) lines.push(`${formatCount(counters.droppedLate)} came too late for their window`);
  if (counters.unassigned > 0) lines.push(`${formatCount(counters.unassigned)} belong to no window`);
  if (counters.skipped > 0) lines.push(`${formatCount(counters.skipped)} results were refused by a sink`);
  return lines.join('\n');
}
