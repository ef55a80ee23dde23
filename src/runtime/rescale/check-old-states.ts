import { instanceOf, type PartitionShare } from '../../sources/partition-share.ts';
import { comparePlans } from '../plan-fingerprint.ts';
import { refused, type OldState } from './old-states.ts';

/**
 * Checks that some states are those of all instances of one pipeline, each there once, and that each partition is where it
 * belongs; gives them by instance.
 * @throws ProcessorError RESCALE_REFUSED.
 */
export function checkOldStates(states: readonly OldState[]): readonly OldState[] {
  const byInstance = states.toSorted((a, b) => a.share.instance - b.share.instance);
  const [first, ...others] = byInstance;
  if (first === undefined) throw refused('there is no state to deal out');
  for (const other of others) checkSame(first, other);
  checkComplete(byInstance, first.share);
  checkPartitions(byInstance);
  return byInstance;
}

function checkSame(one: OldState, other: OldState): void {
  const [left, right] = [one.source.name, other.source.name];
  if (one.pipeline !== other.pipeline) {
    throw refused(`${left} is of pipeline "${one.pipeline}", and ${right} of "${other.pipeline}"`);
  }
  const [before, after] = [one.share.instances, other.share.instances];
  if (before !== after) {
    throw refused(`${left} is of one of ${String(before)} instances, and ${right} of one of ${String(after)}`);
  }
  const plan = { ...other.plan, share: one.share };
  // Either way round, for a lateness may have grown.
  const changes = [...comparePlans(one.plan, plan), ...comparePlans(plan, one.plan)];
  const [change] = changes;
  if (change === undefined) return;
  throw refused(
    `${left} and ${right} were run with different settings: ${change.field} is ${change.from} in one and ${change.to} ` +
      'in the other. Run all instances with the same once, and stop them',
  );
}

function checkComplete(states: readonly OldState[], { instances }: PartitionShare): void {
  for (let instance = 0; instance < instances; instance += 1) {
    const [found, again] = states.filter(({ share }) => share.instance === instance);
    if (found === undefined) {
      throw refused(
        `the state of instance ${String(instance)} is missing: there were ${String(instances)} instances, and the states of all are needed`,
      );
    }
    if (again !== undefined) {
      throw refused(`${found.source.name} and ${again.source.name} are both of instance ${String(instance)}`);
    }
  }
}

/** Each partition is with its instance; of those of one name but for the number, none is left out. */
function checkPartitions(states: readonly OldState[]): void {
  const numbers = new Map<string, Set<number>>();
  for (const { source, share, partitions } of states) {
    const { instance, instances } = share;
    for (const { id, number } of partitions) {
      if (instanceOf(number, instances) !== instance) {
        const owner = `instance ${String(instance)} of ${String(instances)}`;
        throw refused(`${source.name} is of ${owner}, and has partition "${id}", which belongs to another`);
      }
      const topic = id.replace(/\d+$/, '');
      numbers.set(topic, (numbers.get(topic) ?? new Set()).add(number));
    }
  }
  for (const [topic, known] of numbers) {
    for (let number = 0; number < Math.max(...known); number += 1) {
      if (!known.has(number)) throw notTakenUp(`${topic}${String(number)}`, number, states);
    }
  }
}

function notTakenUp(id: string, number: number, states: readonly OldState[]): Error {
  const owner = states[instanceOf(number, states.length)];
  return refused(
    `no state has partition "${id}", which is for instance ${String(owner?.share.instance)}: ${owner?.source.name ?? ''} is of ` +
      'a time when that was not there, or was not read. Start that instance once more, and stop it',
  );
}
