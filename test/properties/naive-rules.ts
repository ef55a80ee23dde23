import type { KeyField } from '../../src/event/grouping-key.ts';
import type { OracleEvent, Span, WindowDefinition } from '../oracle/model.ts';

export interface PartitionView {
  readonly watermark: number;
  readonly state: 'active' | 'idle' | 'returning' | 'finished';
}

/** The decisions of {@link NaiveSubject}, each on its own, so that a test can get one of them wrong. */
export interface NaiveRules {
  /** Start of the last window that begins at or before the instant. */
  lastStart(at: number, slide: number, offset: number): number;
  /** True if the window holds the instant. */
  holds(span: Span, at: number): boolean;
  /** True if an event behind its partition's watermark may still change a closed window. */
  toleratesEvent(at: number, watermark: number, allowedLateness: number): boolean;
  /** The watermark that decides whether a window is open to an event. */
  judgedBy(own: number, pipeline: number): number;
  /** True if two sessions are one. */
  touch(a: Span, b: Span): boolean;
  /** Nearest rank, from 1. */
  readonly rank: (percent: number, count: number) => number;
  /** The pipeline's watermark, before it is kept from falling. */
  combine(partitions: readonly PartitionView[]): number;
  /** The events of a batch that are handled. */
  ofBatch(events: readonly OracleEvent[]): readonly OracleEvent[];
  keyText(key: readonly KeyField[] | null): string;
  /** Index of a window's next pane. */
  nextPane(fired: number, timing: string): number;
  retracts(definition: WindowDefinition): boolean;
  /** True if the watermark has released the window's state. */
  isOver(watermark: number, end: number, allowedLateness: number): boolean;
}

const RESERVED: readonly (readonly [string, string])[] = [
  ['%', '%25'],
  ['=', '%3D'],
  [':', '%3A'],
];

function escape(text: string): string {
  return RESERVED.reduce((escaped, [from, to]) => escaped.replaceAll(from, to), text);
}

export const RIGHT_RULES: NaiveRules = {
  lastStart: (at, slide, offset) => at - ((((at - offset) % slide) + slide) % slide),
  holds: ({ start, end }, at) => start <= at && at < end,
  toleratesEvent: (at, watermark, allowedLateness) => at >= watermark - allowedLateness,
  judgedBy: (own) => own,
  touch: (a, b) => a.start < b.end && b.start < a.end,
  rank: (percent, count) => Math.ceil((Math.round(percent * 1000) * count) / 100_000),
  combine: (partitions) => {
    if (partitions.every(({ state }) => state === 'finished')) return Infinity;
    const active = partitions.filter(({ state }) => state === 'active');
    const idle = partitions.filter(({ state }) => state === 'idle');
    if (active.length > 0) return Math.min(...active.map(({ watermark }) => watermark));
    if (partitions.some(({ state }) => state === 'returning')) return -Infinity;
    return Math.max(...idle.map(({ watermark }) => watermark));
  },
  ofBatch: (events) => events,
  keyText: (key) =>
    key === null
      ? ''
      : key.map(([name, value]) => `${escape(name)}=${value === null ? '%00' : escape(value)}`).join('::'),
  nextPane: (fired) => fired,
  retracts: () => true,
  isOver: (watermark, end, allowedLateness) => watermark >= end + allowedLateness,
};
