/**
 * Imports modules one after another, as a program of its own: `node run-blocks.ts REPORT MODULE…`. Writes to the file
 * REPORT what each has printed, whole and by the line of the call, and how it failed.
 */
// oxlint-disable-next-line import/no-unassigned-import -- it names the package to the loader, and exports nothing
import './package-alias.ts';
import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

/** What became of one module. */
export interface BlockReport {
  readonly output: string;
  /** What `console.log` printed from each line, in turn. */
  readonly lines: readonly { readonly line: number; readonly text: string }[];
  /** Undefined where it came to its end. */
  readonly error?: string;
}

const [reportPath = '', ...modules] = process.argv.slice(2);
const reports: BlockReport[] = [];

for (const path of modules) {
  const url = pathToFileURL(path).href;
  let output = '';
  const lines: { line: number; text: string }[] = [];
  // oxlint-disable-next-line no-console -- caught, not used
  console.log = (...parts: unknown[]): void => {
    const text = format(...parts);
    output += `${text}\n`;
    const at = new RegExp(`${path.replaceAll(/[.\\/]/g, String.raw`\$&`)}:(\\d+):`).exec(new Error('here').stack ?? '');
    lines.push({ line: Number(at?.[1] ?? 0), text });
  };
  // oxlint-disable-next-line no-console -- caught, not used
  console.error = (...parts: unknown[]): void => {
    output += `${format(...parts)}\n`;
  };
  process.stdout.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    output += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    const done = rest.at(-1);
    if (typeof done === 'function') process.nextTick(done);
    return true;
  };
  try {
    await import(url);
    reports.push({ output, lines });
  } catch (error) {
    reports.push({ output, lines, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

await writeFile(reportPath, JSON.stringify(reports));
// What a block has left open must not keep the process.
process.exit(0);
