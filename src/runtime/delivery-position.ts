import { ProcessorError } from '../errors/processor-error.ts';
import type { DeliveryMark } from '../sinks/delivery-transaction.ts';

/** What a commit of the state keeps of where a transaction stood. */
export interface DeliveryPosition {
  /** The run that commits. */
  readonly run: string;
  /** The marks that are to be found as long as the committed epoch has not been delivered; null: none at all. */
  readonly before: readonly (DeliveryMark | null)[];
}

/** The position as text. */
export function formatDeliveryPosition(position: DeliveryPosition): string {
  return JSON.stringify(position);
}

/** @throws ProcessorError STATE_CORRUPT for what {@link formatDeliveryPosition} has not made. */
export function parseDeliveryPosition(text: string): DeliveryPosition {
  try {
    const { run, before } = JSON.parse(text) as DeliveryPosition;
    if (typeof run === 'string' && Array.isArray(before)) return { run, before };
  } catch {
    // Said below.
  }
  const message = `the state says of a delivery that it stands at ${JSON.stringify(text)}, which nobody has written`;
  throw new ProcessorError('state', 'STATE_CORRUPT', message);
}
