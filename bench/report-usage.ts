/** Loaded ahead of a program (`--import`): when it ends, writes what it has used to the file named in BENCH_USAGE. */
import { writeFileSync } from 'node:fs';
import type { Usage } from './contender.ts';

const file = process.env['BENCH_USAGE'];
process.on('exit', () => {
  if (file === undefined) return;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const usage: Usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024 };
  writeFileSync(file, JSON.stringify(usage));
});
