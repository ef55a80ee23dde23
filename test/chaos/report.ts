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
export function addFigures(a: Figures, b: Figures): Figures {
  const names = Object.keys(a) as (keyof Figures)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as Figures;
}
