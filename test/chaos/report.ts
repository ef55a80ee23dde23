/** What a round has gone through. All are counts. */
export interface Figures {
  readonly killsRandom: number;
  readonly killsInRecovery: number;
  readonly killsInCheckpoint: number;
  readonly killsOnFullDisk: number;
  readonly sigterms: number;
  readonly restarts: number;
  readonly fullDisks: number;
  readonly restores: number;
  readonly killedRestores: number;
  readonly inspections: number;
  readonly intruders: number;
  readonly unansweredRequests: number;
  readonly unansweredTaken: number;
  readonly brokerKills: number;
  readonly brokerFreezes: number;
  readonly killsOfBoth: number;
  readonly startsGivenUp: number;
  readonly takeovers: number;
  readonly partitionsAdded: number;
  readonly transactions: number;
  readonly abortedTransactions: number;
  readonly unknownOutcomes: number;
  readonly events: number;
  readonly windows: number;
  readonly missing: number;
  readonly duplicate: number;
  readonly wrong: number;
}

export const NO_FIGURES: Figures = {
  killsRandom: 0,
  killsInRecovery: 0,
  killsInCheckpoint: 0,
  killsOnFullDisk: 0,
  sigterms: 0,
  restarts: 0,
  fullDisks: 0,
  restores: 0,
  killedRestores: 0,
  inspections: 0,
  intruders: 0,
  unansweredRequests: 0,
  unansweredTaken: 0,
  brokerKills: 0,
  brokerFreezes: 0,
  killsOfBoth: 0,
  startsGivenUp: 0,
  takeovers: 0,
  partitionsAdded: 0,
  transactions: 0,
  abortedTransactions: 0,
  unknownOutcomes: 0,
  events: 0,
  windows: 0,
  missing: 0,
  duplicate: 0,
  wrong: 0,
};

/** How a round went. */
export interface RoundReport {
  readonly seed: number;
  /** One line about its world. */
  readonly about: string;
  readonly seconds: number;
  /** Empty where all is well. */
  readonly failures: readonly string[];
  readonly figures: Figures;
}

/** The sum of each. */
function addFigures(a: Figures, b: Figures): Figures {
  const names = Object.keys(a) as (keyof Figures)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as Figures;
}

const MOST_DIFFERENCES = 10;
const MOST_LETTERS = 600;

/** Differences as they fit a report. */
export function shortened(differences: readonly string[]): readonly string[] {
  const rest = differences.length - MOST_DIFFERENCES;
  return [
    ...differences.slice(0, MOST_DIFFERENCES).map((text) => text.slice(0, MOST_LETTERS)),
    ...(rest > 0 ? [`and ${String(rest)} more`] : []),
  ];
}

/** A line of the table of figures. */
export type Row = readonly [text: string, name: keyof Figures];

/** What any round is about. */
const COMMON_ROWS: readonly Row[] = [
  ['events', 'events'],
  ['windows expected', 'windows'],
  ['missing', 'missing'],
  ['duplicate', 'duplicate'],
  ['wrong', 'wrong'],
];

/** Prints how a round went. `options`: those by which it is drawn again. */
export function printRound(
  { seed, about, seconds, failures }: RoundReport,
  options: string,
  print: (line: string) => void,
): void {
  print(`seed ${String(seed)}: ${failures.length === 0 ? 'ok' : 'FAILED'} in ${seconds.toFixed(1)} s (${about})`);
  if (failures.length === 0) return;
  for (const failure of failures) print(`  ${failure}`);
  print(`  Again: npm run chaos -- --rounds 1 --seed ${String(seed)} ${options}`);
  print('  (the same world, input and plan; the instant at which a signal hits the process is never the same)');
}

/** Prints the sums of all rounds. */
export function printFigures(
  reports: readonly RoundReport[],
  rows: readonly Row[],
  notRun: number,
  print: (line: string) => void,
): void {
  const sum = reports.map(({ figures }) => figures).reduce(addFigures, NO_FIGURES);
  const failed = reports.filter(({ failures }) => failures.length > 0);
  const row = (text: string, value: number): void =>
    print(`${text.padEnd(38)} ${value.toLocaleString('en').padStart(12)}`);
  print('');
  row('rounds', reports.length);
  if (notRun > 0) row('rounds not run for want of a mount', notRun);
  row('rounds failed', failed.length);
  for (const [text, name] of [...rows, ...COMMON_ROWS]) row(text, sum[name]);
  const count = reports.length;
  if (count > 0 && failed.length === 0) {
    print(
      `No failure in ${String(count)} rounds: at 95 % the rate is below about 3/${String(count)}, ${(300 / count).toFixed(1)} %.`,
    );
  } else if (count > 0) {
    print(`Failed: seeds ${failed.map(({ seed }) => String(seed)).join(', ')}`);
  }
}
