import { ProcessorError } from '../errors/processor-error.ts';
import type { DeliveryMark } from '../sinks/delivery-transaction.ts';

/** What the state says of an epoch that it holds the outbox of. */
export interface Standing {
  /** The last commit; null where there is none. */
  readonly commit: DeliveryMark | null;
  /** The marks that are to be found as long as the outbox has not been delivered; null among them: none at all. */
  readonly before: readonly (DeliveryMark | null)[];
  /** Whether the outbox has anything for the transaction. */
  readonly hasItems: boolean;
}

/**
 * Whether the outbox of the last epoch is to be delivered.
 *
 * - `deliver`: it was not. `delivered`: it was, or has nothing to deliver.
 * - `ahead`: epochs have been delivered that the state does not know of: it was restored from a checkpoint, or is lost.
 * - `diverged`: what was delivered last is of another history than the state.
 * - `unknown`: there is no mark, though something was delivered: marks have expired, or this is another cluster.
 */
export type DeliveryDecision = 'deliver' | 'delivered' | 'ahead' | 'diverged' | 'unknown';

/** Decides by the mark that was found. A crash at any instruction leaves either one of `before`, or that of `commit`. */
export function decideDelivery({ commit, before, hasItems }: Standing, found: DeliveryMark | null): DeliveryDecision {
  if (commit !== null && sameMark(found, commit)) return 'delivered';
  if (before.some((mark) => sameMark(mark, found))) return 'deliver';
  if (found === null) {
    const isKnown = commit !== null && before.some((mark) => sameMark(mark, commit));
    return isKnown || !hasItems ? 'delivered' : 'unknown';
  }
  // Written by a run that keeps no state, or before the first commit of one that does.
  if (commit === null && found.epoch === 0) return 'deliver';
  return found.epoch > (commit?.epoch ?? 0) ? 'ahead' : 'diverged';
}

/** True for two marks of the same commit, and for none and none. */
export function sameMark(one: DeliveryMark | null, other: DeliveryMark | null): boolean {
  return one?.epoch === other?.epoch && one?.run === other?.run;
}

/** Why a run must not go on, and what may be done about it. */
export function deliveryMismatch(
  sink: string,
  decision: Exclude<DeliveryDecision, 'deliver' | 'delivered'>,
  commit: DeliveryMark | null,
  found: DeliveryMark | null,
): ProcessorError<'state'> {
  const state = commit === null ? 'the state is empty' : `the state is of epoch ${commit.epoch}`;
  const reasons = {
    ahead: `epoch ${String(found?.epoch)} has been delivered, and ${state}: it was restored from a checkpoint, or another one was lost`,
    diverged: `what was delivered last is epoch ${String(found?.epoch)} of another history than that of the state: ${state}`,
    unknown: `${state}, and nothing says whether that has been delivered: the marks of deliveries have expired, were deleted, or are in another cluster`,
  };
  const repeated = decision === 'unknown' ? 'the results of that epoch' : 'results from there on';
  const message = `sink "${sink}": ${reasons[decision]}. Going on would deliver ${repeated} a second time, with the same ids. Put the newest state back; or, where whoever reads the results can bear that, set after_restore: deliver_again (afterRestore in a program) and start again`;
  return new ProcessorError('state', 'DELIVERY_MISMATCH', message);
}
