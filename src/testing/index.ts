export { ManualClock } from '../time/manual-clock.ts';
export { TestDriver, type TestDriverOptions } from './test-driver.ts';
