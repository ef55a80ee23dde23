/** Writes `expected/*.ndjson` anew from the trace: `node test/azure/write-expected.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { EXPECTATIONS, expectedResults, toNdjson } from './expected.ts';
import { NO_DATA, readTrace, traceFolder } from './trace.ts';

const folder = traceFolder(process.env);
if (folder === undefined) throw new Error(NO_DATA);
const target = new URL('expected/', import.meta.url);
mkdirSync(target, { recursive: true });
for (const { input, window, file } of EXPECTATIONS) {
  const results = expectedResults(input, window, (name) => readTrace(folder, name));
  writeFileSync(new URL(file, target), toNdjson(results));
  const approximate = results.filter(({ percentiles }) => percentiles === 'approximate').length;
  process.stdout.write(
    `${file}: ${String(results.length)} results, percentiles of ${String(approximate)} approximate\n`,
  );
}
