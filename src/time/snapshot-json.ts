import { ProcessorError } from '../errors/processor-error.ts';
import type { Instant } from './instant.ts';

/** A watermark in JSON, which has no infinities: null is −∞, `'end'` is +∞. */
export type InstantJson = number | null | 'end';

/** A watermark as it is stored; {@link instantFromJson} gives it back exactly. */
export function instantToJson(at: Instant): InstantJson {
  if (at === -Infinity) return null;
  return at === Infinity ? 'end' : at;
}

/** @throws ProcessorError STATE_CORRUPT for what {@link instantToJson} did not make. */
export function instantFromJson(json: unknown): Instant {
  if (json === null) return -Infinity;
  if (json === 'end') return Infinity;
  if (Number.isSafeInteger(json)) return Number(json);
  throw new ProcessorError('state', 'STATE_CORRUPT', `a stored watermark is no instant: ${JSON.stringify(json)}`);
}

/**
 * A time by the steady clock, which has fractions, and −∞ for none; of another process it is one of another clock.
 *
 * @throws ProcessorError STATE_CORRUPT for what {@link instantToJson} did not make of such a time.
 */
export function steadyTimeFromJson(json: unknown): number {
  if (json === null) return -Infinity;
  if (Number.isFinite(json)) return Number(json);
  throw new ProcessorError('state', 'STATE_CORRUPT', `a stored time is no number: ${JSON.stringify(json)}`);
}

/** The field of a stored object, undefined where there is none. Own fields only. */
export function storedField(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, name)) return undefined;
  return (json as Record<string, unknown>)[name];
}
