import type { Status } from '../../../src/http/api/types.ts';
import { formatRate, formatSeconds } from '../format/numbers.ts';
import { formatDay } from '../format/times.ts';
import type { Health } from '../parts/health-mark.tsx';

const DAY_SECONDS = 86_400;

/** The run in a word and a sentence or two. */
export interface Headline {
  readonly health: Health;
  readonly word: string;
  readonly text: string;
}

/** How a run is, for somebody who has looked at it for the first time. */
export function headlineOf(status: Status, source: string | null): Headline {
  const from = source === null ? 'the source' : `the ${source} source`;
  switch (status.state) {
    case 'starting':
      return { health: 'unknown', word: 'Starting', text: startingText(status) };
    case 'stopping':
      return { health: 'unknown', word: 'Stopping', text: 'It finishes what is under way, and reads nothing more.' };
    case 'finished':
      return { health: 'ok', word: 'Finished', text: 'The input has come to its end, and all results are delivered.' };
    case 'failed':
      return { health: 'failed', word: 'Failed', text: troubleOf(status) ?? 'The run has ended with an error.' };
    case 'running':
      return runningHeadline(status, from);
  }
}

function runningHeadline(status: Status, from: string): Headline {
  const trouble = troubleOf(status);
  if (status.health !== 'ok') {
    const health = status.health === 'failed' ? 'failed' : 'degraded';
    return {
      health,
      word: health === 'failed' ? 'Failed' : 'Degraded',
      text: trouble ?? 'Something is not as it should be.',
    };
  }
  return { health: 'ok', word: 'Healthy', text: `${flowText(status, from)}${lagText(status)}` };
}

function flowText({ rates, counters, firing }: Status, from: string): string {
  if (counters.read === 0) return `Waiting for the first event from ${from}.`;
  if (rates === null) return `Reading from ${from}.`;
  if (rates.read === 0)
    return `Nothing comes from ${from} now.${firing ? ' Windows that are over are still firing.' : ''}`;
  return `Reading ${formatRate(rates.read).replace(' /s', '')} events a second from ${from}.`;
}

/** How old what is read is, in event time. */
function lagText({ watermark, watermark_lag_seconds: lag, rates }: Status): string {
  if (watermark === null || lag === null || rates?.read === 0) return '';
  if (lag > DAY_SECONDS) return ` The events are of ${formatDay(watermark)}.`;
  return ` Results are about ${formatSeconds(Math.max(0, lag))} behind the clock.`;
}

function startingText({ storage }: Status): string {
  if (storage.recovery === null) return 'It opens its source and its sinks.';
  return `It takes up the state of an earlier run: ${String(Math.floor(storage.recovery.percent))} %.`;
}

/** What is wrong, part by part; null where nothing is. */
function troubleOf({ components }: Pick<Status, 'components'>): string | null {
  const troubled = components.filter(({ status }) => status !== 'ok');
  if (troubled.length === 0) return null;
  return troubled.map(({ name, message }) => `${name}: ${message ?? 'not well'}`).join('. ');
}
