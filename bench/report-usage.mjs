/** Loaded ahead of a program (`--import`): when it ends, writes what it has used to the file named in BENCH_USAGE. */
import { writeFileSync } from 'node:fs';

const file = process.env['BENCH_USAGE'];
process.on('exit', () => {
  if (file === undefined) return;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  /** @type {import('./contender.ts').Usage} */
  const usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024 };
  writeFileSync(file, JSON.stringify(usage));
});
