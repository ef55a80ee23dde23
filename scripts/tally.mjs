/** Counting of checks, and the line that says how they went. */

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/**
 * @param {readonly Tally[]} tallies
 * @returns {Tally}
 */
export function sum(tallies) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of tallies) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

/** @param {Tally} tally */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * @typedef {{ status: string, assertionResults: readonly { status: string }[] }} FileReport
 * @typedef {{ testResults: readonly FileReport[] }} VitestReport
 */

/**
 * Counts the tests of a run. A file that failed although none of its tests did could not be loaded, and a run that
 * failed without any such sign had an error outside of tests: each counts as a failure, so that nothing that went
 * wrong adds up to none.
 * @param {VitestReport | undefined} report of Vitest's JSON reporter; undefined if it wrote none.
 * @param {boolean} endedWell whether Vitest ended with code 0.
 * @returns {Tally}
 */
export function tallyOfVitest(report, endedWell) {
  const tally = sum((report?.testResults ?? []).map(tallyOfFile));
  if (!endedWell && tally.failed === 0) tally.failed += 1;
  return tally;
}

/**
 * @param {FileReport} file
 * @returns {Tally}
 */
function tallyOfFile({ status, assertionResults }) {
  const statuses = assertionResults.map((test) => test.status);
  const passed = statuses.filter((each) => each === 'passed').length;
  const failed = statuses.filter((each) => each === 'failed').length;
  const unloaded = status === 'failed' && failed === 0 ? 1 : 0;
  return { passed, failed: failed + unloaded, skipped: statuses.length - passed - failed };
}
