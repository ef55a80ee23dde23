import { describe, expect, it } from 'vitest';
import type { DeliveryMark } from '../sinks/delivery-transaction.ts';
import { decideDelivery, deliveryMismatch, type DeliveryDecision } from './delivery-decision.ts';

const mark = (epoch: number, run = 'a'): DeliveryMark => ({ epoch, run });

interface Case {
  readonly what: string;
  readonly commit: DeliveryMark | null;
  readonly before: readonly (DeliveryMark | null)[];
  readonly found: DeliveryMark | null;
  readonly decision: DeliveryDecision;
}

const CASES: readonly Case[] = [
  { what: 'at the very first start', commit: null, before: [null], found: null, decision: 'deliver' },
  {
    what: 'after a crash between the commit and the delivery',
    commit: mark(7),
    before: [mark(6)],
    found: mark(6),
    decision: 'deliver',
  },
  {
    what: 'after a crash between the delivery and the next commit',
    commit: mark(7),
    before: [mark(6)],
    found: mark(7),
    decision: 'delivered',
  },
  {
    what: 'after a crash in the first epoch',
    commit: mark(1),
    before: [null],
    found: null,
    decision: 'deliver',
  },
  {
    what: 'where epochs without anything to deliver lie between',
    commit: mark(9),
    before: [mark(4)],
    found: mark(4),
    decision: 'deliver',
  },
  {
    what: 'where one of them may have been told of',
    commit: mark(9),
    before: [mark(4), mark(8)],
    found: mark(8),
    decision: 'deliver',
  },
  {
    what: 'after an end that was acknowledged',
    commit: mark(7),
    before: [mark(7)],
    found: mark(7),
    decision: 'delivered',
  },
  {
    what: 'where another run has delivered the epoch of an earlier one',
    commit: mark(7, 'a'),
    before: [mark(6, 'a')],
    found: mark(7, 'a'),
    decision: 'delivered',
  },
  {
    what: 'where the same number is of another history',
    commit: mark(7, 'a'),
    before: [mark(6, 'a')],
    found: mark(7, 'b'),
    decision: 'diverged',
  },
  {
    what: 'where a checkpoint was restored',
    commit: mark(7),
    before: [mark(6)],
    found: mark(9),
    decision: 'ahead',
  },
  { what: 'where the state was lost', commit: null, before: [null], found: mark(9), decision: 'ahead' },
  {
    what: 'where the state was lost, and nothing but a start is known',
    commit: null,
    before: [null],
    found: mark(0, 'b'),
    decision: 'deliver',
  },
  {
    what: 'where someone without a state has delivered since',
    commit: mark(7),
    before: [mark(6)],
    found: mark(0, 'b'),
    decision: 'diverged',
  },
  {
    what: 'where an earlier state was put in place of a later one that another history had gone on from',
    commit: mark(7, 'a'),
    before: [mark(6, 'a')],
    found: mark(3, 'b'),
    decision: 'diverged',
  },
  {
    what: 'where the sink is new in a pipeline that has a state',
    commit: mark(7, ''),
    before: [null],
    found: null,
    decision: 'deliver',
  },
  { what: 'where the marks have expired', commit: mark(7), before: [mark(6)], found: null, decision: 'unknown' },
  {
    what: 'where they have, and the state of a checkpoint knows that its last epoch was delivered',
    commit: mark(7),
    before: [mark(7)],
    found: null,
    decision: 'unknown',
  },
];

describe('what is done with the outbox of the last epoch', () => {
  it.each(CASES)('$what: $decision', ({ commit, before, found, decision }) => {
    expect(decideDelivery({ commit, before }, found)).toBe(decision);
  });

  it.each([
    ['ahead', mark(7), mark(9), /epoch 9 has been delivered, and the state is of epoch 7: it was restored/],
    ['ahead', null, mark(9), /epoch 9 has been delivered, and the state is empty/],
    ['diverged', mark(7), mark(3), /epoch 3 of another history/],
    ['unknown', mark(7), null, /nothing says what has been delivered: the marks of deliveries have expired/],
  ] as const)('is explained where it is %s, with the ways out', (decision, commit, found, expected) => {
    const error = deliveryMismatch('kafka', decision, commit, found);
    expect(error).toMatchObject({ kind: 'state', code: 'DELIVERY_MISMATCH' });
    expect(error.message).toMatch(expected);
    expect(error.message).toMatch(/Put the newest state back.*after_restore: deliver_again/);
  });
});
