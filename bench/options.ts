import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Folder of what the benchmarks write: events, results, states. */
export const FOLDER = join(import.meta.dirname, '..', '.cache', 'bench');
mkdirSync(FOLDER, { recursive: true });

/**
 * The options of the command line, all of them whole numbers above 0, by their names and with their defaults. Ends the
 * process where one is not.
 */
export function numbersOf<const Name extends string>(defaults: Readonly<Record<Name, number>>): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options });
  const numbers: Record<Name, number> = { ...defaults };
  for (const name of names) {
    const text = values[name];
    if (typeof text === 'string') numbers[name] = positive(`--${name}`, text);
  }
  return numbers;
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  console.error(`${option}: ${text} is not a whole number above 0`);
  process.exit(2);
}
