import { oracle } from '../oracle/oracle.ts';
import { oracleStepwise } from '../oracle/stepwise.ts';
import { compare } from './compare.ts';
import { compareStepwise } from './compare-stepwise.ts';
import { goesIdle, type Case, type Subject } from './subject.ts';

/**
 * What a subject gets wrong in a case, by everything that is known of it: pane by pane if it follows the steps, and
 * by the whole input unless idle partitions make the interleaving matter.
 */
export async function check(subject: Subject, given: Case): Promise<readonly string[]> {
  const { config, partitions, steps } = given;
  if (!subject.followsSteps && goesIdle(given)) throw new Error(`${subject.name} cannot be given idle partitions`);
  const observed = await subject.run(given);
  const ids = partitions.map(({ id }) => id);
  return [
    ...(subject.followsSteps ? compareStepwise(oracleStepwise(config, ids, steps), observed) : []),
    ...(goesIdle(given) ? [] : compare(oracle(config, partitions), observed)),
  ];
}
