import { expect, it } from 'vitest';
import { Ledger, type EpochRecord } from './ledger.ts';
import { World } from './world.ts';

function epochRecord(epoch: number): EpochRecord {
  const positions = new Map([['part-0', epoch * 10]]);
  return { epoch, text: String(epoch), watermark: 0, positions, read: epoch * 10, idle: 0 };
}

/** A ledger whose state has come to epoch 3. */
function ledgerAtThree(): { readonly world: World; readonly ledger: Ledger } {
  const world = new World(1);
  const ledger = new Ledger(world);
  ledger.handedOut('part-0', 100);
  for (const epoch of [1, 2, 3]) {
    ledger.committing(epochRecord(epoch));
    ledger.committed(epoch);
    ledger.acknowledged(epoch);
  }
  return { world, ledger };
}

it('an offset at Kafka that is ahead of the state is a fault', () => {
  const { world, ledger } = ledgerAtThree();
  ledger.committing(epochRecord(4));
  ledger.committedAtKafka('part-0', 30);
  expect(world.violations).toEqual([]);
  ledger.committedAtKafka('part-0', 40);
  expect(world.violations).toEqual(['part-0: 40 is committed at Kafka, and 30 in the state']);
});

it('where the state has lost its end, an offset may still come to count that was of the lost end, and no other', () => {
  const { world, ledger } = ledgerAtThree();
  // It was asked for, and never was in the state.
  ledger.committing(epochRecord(4));
  ledger.excuseLoss();
  ledger.recovered(epochRecord(1));
  ledger.committedAtKafka('part-0', 30);
  expect(world.violations).toEqual([]);
  for (const offset of [15, 40]) ledger.committedAtKafka('part-0', offset);
  expect(world.violations).toEqual([
    'part-0: 15 is committed at Kafka, and 10 in the state',
    'part-0: 40 is committed at Kafka, and 10 in the state',
  ]);
});
