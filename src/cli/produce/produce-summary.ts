import { formatCount, formatRate, formatTimeLeft } from '../quantity.ts';

/** What has been sent so far. */
export interface Sent {
  events: number;
  /** Of these, those without a key, since their key could not be read. */
  keyless: number;
  /** Those that were not sent, since nobody would take them. */
  leftOut: number;
}

/** `45,000 of 100,000 events  45 %  120 k events/s  1s left`, in at most `width` columns. */
export function progressLine({ events }: Sent, count: number, elapsedMs: number, width: number): string {
  const seconds = elapsedMs / 1000;
  const isBounded = Number.isFinite(count);
  const parts = [
    isBounded ? `${formatCount(events)} of ${formatCount(count)} events` : `${formatCount(events)} events`,
    ...(isBounded ? [`${String(Math.floor((100 * events) / count))} %`] : []),
    ...(seconds > 0 ? [formatRate(events / seconds)] : []),
    ...(isBounded && seconds >= 1 && events > 0
      ? [`${formatTimeLeft((seconds * (count - events)) / events)} left`]
      : []),
  ];
  while (parts.length > 1 && parts.join('  ').length > width) parts.pop();
  return parts.join('  ').slice(0, width);
}

/** What was sent where, and in a line each what of it has no key, and what was left out. */
export function summaryOf(sent: Sent, topics: readonly string[], seconds: number, wasStopped: boolean): string {
  const rate = seconds > 0 ? ` (${formatRate(sent.events / seconds)})` : '';
  const word = wasStopped ? 'Stopped: sent' : 'Sent';
  return [
    `${word} ${formatCount(sent.events)} events to ${topics.join(', ')} in ${seconds.toFixed(1)} s${rate}`,
    ...(sent.keyless > 0 ? [`${formatCount(sent.keyless)} have no key, for none can be read in them`] : []),
    ...(sent.leftOut > 0 ? [`${formatCount(sent.leftOut)} were left out: longer than 1 MiB, or cut off`] : []),
  ].join('\n');
}
