import { useRef } from 'preact/hooks';
import type { Keys } from '../../../src/http/api/types.ts';
import { stableSlots } from './stable-slots.ts';
import type { Choice } from './use-choice.ts';
import { useResource } from './use-resource.ts';

/** How many keys are shown while none has been chosen. */
const TOP_KEYS = 5;

/** The keys in the chart, each at the place that its color goes by: those that were chosen, else the busiest. */
export function useShownKeys({ window, values, keys }: Choice, version: number): readonly string[] {
  const slots = useRef<readonly string[]>([]);
  const isAsking = keys === null && window !== null && values.length > 0;
  const query = isAsking ? `keys?window=${encodeURIComponent(window)}&limit=${String(TOP_KEYS)}&points=0` : null;
  const top = useResource<Keys>(query, { version });
  slots.current = stableSlots(slots.current, keys ?? top.data?.keys.map(({ key }) => key) ?? []);
  return slots.current;
}
