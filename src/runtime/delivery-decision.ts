import { ProcessorError } from '../errors/processor-error.ts';
import type { DeliveryMark } from '../sinks/delivery-transaction.ts';

/** What the state says of an epoch that it holds the outbox of. */
export interface Standing {
  /** The last commit; null where there is none. */
  readonly commit: DeliveryMark | null;
  /** The marks that are to be found as long as the outbox has not been delivered; null among them: none at all. */
  readonly before: readonly (DeliveryMark | null)[];
}

/**
 * Whether the outbox of the last epoch is to be delivered.
 *
 * - `deliver`: it was not. `delivered`: it was.
 * - `ahead`: epochs have been delivered that the state does not know of: it was restored from a checkpoint, or is lost.
 * - `diverged`: what was delivered last is of another history than the state.
 * - `unknown`: there is no mark, though there was one: marks have expired, or this is another cluster. Even where the outbox
 *   is empty or known to be delivered, the state may be that of a checkpoint, and epochs after it have been delivered.
 */
export type DeliveryDecision = 'deliver' | 'delivered' | 'ahead' | 'diverged' | 'unknown';

/** Decides by the mark that was found. A crash at any instruction leaves either one of `before`, or that of `commit`. */
export function decideDelivery({ commit, before }: Standing, found: DeliveryMark | null): DeliveryDecision {
  if (commit !== null && sameMark(found, commit)) return 'delivered';
  if (before.some((mark) => sameMark(mark, found))) return 'deliver';
  if (found === null) return 'unknown';
  // Written by a run that keeps no state, or before the first commit of one that does.
  if (commit === null && found.epoch === 0) return 'deliver';
  return found.epoch > (commit?.epoch ?? 0) ? 'ahead' : 'diverged';
}

/** True where the state itself says that the outbox of its last epoch was delivered. */
export function isKnownDelivered({ commit, before }: Standing): boolean {
  return commit !== null && before.every((mark) => sameMark(mark, commit));
}

/** True for two marks of the same commit, and for none and none. */
export function sameMark(one: DeliveryMark | null, other: DeliveryMark | null): boolean {
  return one?.epoch === other?.epoch && one?.run === other?.run;
}

/** A decision that what was delivered does not fit the state. */
type Mismatch = Exclude<DeliveryDecision, 'deliver' | 'delivered'>;

/** In what way what was delivered does not fit the state. */
export function mismatchReason(decision: Mismatch, commit: DeliveryMark | null, found: DeliveryMark | null): string {
  const state = commit === null ? 'the state is empty' : `the state is of epoch ${commit.epoch}`;
  const reasons = {
    ahead: `epoch ${String(found?.epoch)} has been delivered, and ${state}: it was restored from a checkpoint, or another one was lost`,
    diverged: `what was delivered last is epoch ${String(found?.epoch)} of another history than that of the state: ${state}`,
    unknown: `${state}, and nothing says what has been delivered: the marks of deliveries have expired, were deleted, or are in another cluster`,
  };
  return reasons[decision];
}

/** Why a run must not go on, and what may be done about it. */
export function deliveryMismatch(
  sink: string,
  decision: Mismatch,
  commit: DeliveryMark | null,
  found: DeliveryMark | null,
): ProcessorError<'state'> {
  const reason = mismatchReason(decision, commit, found);
  const would = decision === 'unknown' ? 'might' : 'would';
  const message = `sink "${sink}": ${reason}. Going on ${would} deliver results a second time, with the same ids. Put the newest state back; or, where whoever reads the results can bear that, set after_restore: deliver_again (afterRestore in a program) and start again`;
  return new ProcessorError('state', 'DELIVERY_MISMATCH', message);
}
