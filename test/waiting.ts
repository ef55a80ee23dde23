import { vi } from 'vitest';

/** How long something that must come may take to come, in ms: ends a test that would wait forever, and no other. */
export const PATIENCE_MS = 240_000;

const LOOK_AGAIN_MS = 20;

/** Tries again and again until nothing is thrown. @returns what it gave then. @throws what it threw last. */
export function eventually<T>(attempt: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(attempt, { timeout: PATIENCE_MS, interval: LOOK_AGAIN_MS });
}

/** Looks again and again until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(async () => {
    if (!(await condition())) throw new Error('the condition did not come to hold in time');
  });
}
