import { expect, it } from 'vitest';
import type { RunSummary } from '../pipeline/pipeline.ts';
import { summaryText } from './run-summary.ts';

const COUNTERS: RunSummary['counters'] = {
  read: 2000,
  decoded: 1997,
  rejected: 3,
  filtered: 0,
  assigned: 1990,
  onTime: 1989,
  outOfOrder: 0,
  acceptedLate: 0,
  droppedLate: 1,
  unassigned: 7,
  fired: 5,
  skipped: 4,
  missingValues: 12,
  inexactIntegers: 0,
};

it('a summary is one line where nothing was left out', () => {
  const counters = { ...COUNTERS, rejected: 0, droppedLate: 0, unassigned: 0, skipped: 0, missingValues: 0 };
  const text = summaryText(
    { outcome: 'finished', epoch: 3, counters, rejections: [], durationMs: 2000 },
    'dead.ndjson',
  );
  expect(text).toBe('Done: 2,000 events in 2.0 s (1 k events/s)');
});

it('a summary names everything that was left out, and why', () => {
  const rejections = [
    { code: 'missing_timestamp', count: 2, example: 'at timestamp: found nothing' },
    { code: 'not_json', count: 1, example: 'at byte 0' },
  ] as const;
  const text = summaryText(
    { outcome: 'stopped', epoch: 3, counters: COUNTERS, rejections, durationMs: 2000 },
    'dead.ndjson',
  );
  expect(text.split('\n')).toEqual([
    'Stopped: 2,000 events in 2.0 s (1 k events/s)',
    '3 could not be used, see dead.ndjson',
    '  2 missing_timestamp: at timestamp: found nothing',
    '  1 not_json: at byte 0',
    '12 values were missing: there was nothing at their path',
    '1 came too late for their window',
    '7 belong to no window',
    '4 results were refused by a sink',
  ]);
});
