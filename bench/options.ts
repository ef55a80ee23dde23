import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Folder of what the benchmarks write: events, results, states. */
export const FOLDER = join(import.meta.dirname, '..', '.cache', 'bench');
mkdirSync(FOLDER, { recursive: true });

/**
 * The options of the command line, all of them whole numbers above 0, by their names and with their defaults. Ends the
 * process where one is not. `others` are options that are read elsewhere.
 */
export function numbersOf<const Name extends string>(
  defaults: Readonly<Record<Name, number>>,
  others: readonly string[] = [],
): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  const options = Object.fromEntries([...names, ...others].map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options });
  const numbers: Record<Name, number> = { ...defaults };
  for (const name of names) {
    const text = values[name];
    if (typeof text === 'string') numbers[name] = positive(`--${name}`, text);
  }
  return numbers;
}

/** The option `name` of the command line, one of some words; undefined where it is not given. Ends the process else. */
export function choiceOf<const Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
  const { values } = parseArgs({ options: { [name]: { type: 'string' } }, strict: false });
  const text = values[name];
  const found = choices.find((choice) => choice === text);
  if (text === undefined || found !== undefined) return found;
  console.error(`--${name}: ${String(text)} is none of ${choices.join(', ')}`);
  process.exit(2);
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  console.error(`${option}: ${text} is not a whole number above 0`);
  process.exit(2);
}
