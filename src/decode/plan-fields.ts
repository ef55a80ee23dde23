import type { DecodePlan, Selector } from './decode-plan.ts';
import { RecordReader, type WantedPath } from './record-reader.ts';
import { SlotReader } from './slot-reader.ts';

/** The slot of a part of an event that is not read from the bytes. */
export const NO_SLOT = -1;

/** The fields that a plan reads from records, each with its slot; {@link NO_SLOT} for what a function selects. */
export class PlanFields {
  readonly reader: RecordReader;
  readonly slotReader: SlotReader;
  /** {@link NO_SLOT} too where event time is not taken from the event. */
  readonly timestampSlot: number;
  readonly keySlots: readonly number[];
  readonly metricSlots: readonly number[];

  constructor(plan: DecodePlan) {
    const wanted: WantedPath[] = [];
    const want = (selector: Selector): number => (selector.type === 'path' ? wanted.push(selector) - 1 : NO_SLOT);
    const timestamp = plan.time === 'event' ? want(plan.timestamp) : NO_SLOT;
    const keys = typeof plan.key === 'function' ? [] : plan.key.map(({ selector }) => want(selector));
    const metrics = plan.metrics.map(({ selector }) => want(selector));
    this.reader = new RecordReader(wanted);
    this.slotReader = new SlotReader(this.reader.slots, plan.timestampUnit);
    const slotOf = (index: number): number => this.reader.slotOfPath[index] ?? NO_SLOT;
    this.timestampSlot = slotOf(timestamp);
    this.keySlots = keys.map(slotOf);
    this.metricSlots = metrics.map(slotOf);
  }
}

/** True if no part of the plan needs an event as an object. */
export function isColumnar(plan: DecodePlan): boolean {
  if (plan.transforms.length > 0 || typeof plan.key === 'function') return false;
  const selectors = [...plan.key, ...plan.metrics].map(({ selector }) => selector);
  if (plan.time === 'event') selectors.push(plan.timestamp);
  return selectors.every((selector) => selector.type === 'path');
}
