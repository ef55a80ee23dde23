import { describe } from 'vitest';
import { describeCsv } from './csv.contract.ts';
import { describeKeys } from './keys.contract.ts';
import { describeMetrics } from './metrics.contract.ts';
import { describePaths } from './paths.contract.ts';
import { describeRecords } from './records.contract.ts';
import { describeScanningProperties } from './scanning-properties.contract.ts';
import { describeTimestamps } from './timestamps.contract.ts';
import type { MakeDecoder } from './decode-fixtures.contract.ts';

/** What every driver must do with the same bytes, for plans whose selectors are all paths. */
export function describeBatchDecoder(name: string, make: MakeDecoder): void {
  describe(`${name}: batch decoder`, () => {
    describeRecords(make);
    describeTimestamps(make);
    describeKeys(make);
    describeMetrics(make);
    describePaths(make);
    describeCsv(make);
    describeScanningProperties(make);
  });
}
