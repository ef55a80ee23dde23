/** What simulations have done, added up. */
export class Figures {
  seeds = 0;
  steps = 0;
  simulatedMs = 0;
  events = 0;
  windowsExpected = 0;
  missing = 0;
  duplicate = 0;
  wrong = 0;
  starts = 0;
  powerLosses = 0;
  stops = 0;
  startedAgain = 0;
  diskFull = 0;
  lostAnswers = 0;
  readFaults = 0;
  readBack = 0;
  sourceFaults = 0;
  sinkFaults = 0;
  checkpoints = 0;
  damaged = 0;
  fallenBack = 0;
  refusedDamage = 0;
  refusedConfigurations = 0;
  clockJumps = 0;
  idleCommits = 0;
  unawaited = 0;
  commits = 0;
  journaled = 0;
  folded = 0;
  /** How often each kill point was passed, and how often the process was killed there. */
  readonly points = new Map<string, { passed: number; kills: number }>();

  pass(point: string): void {
    this.#at(point).passed += 1;
  }

  kill(point: string): void {
    this.#at(point).kills += 1;
  }

  get kills(): number {
    return [...this.points.values()].reduce((sum, { kills }) => sum + kills, 0);
  }

  /** Adds the figures of another simulation. */
  add(other: Figures): void {
    for (const name of COUNTS) this[name] += other[name];
    for (const [point, { passed, kills }] of other.points) {
      const own = this.#at(point);
      own.passed += passed;
      own.kills += kills;
    }
  }

  /** The figures as text, a line each. */
  lines(): readonly string[] {
    const counts = COUNTS.map((name) => `${LABELS[name].padEnd(52)}${Math.round(this[name]).toLocaleString('en')}`);
    const points = [...this.points].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [
      ...counts,
      `${'kills'.padEnd(52)}${this.kills.toLocaleString('en')}`,
      ...points.map(
        ([point, { passed, kills }]) => `  ${point.padEnd(50)}${String(kills)} of ${String(passed)} passed`,
      ),
    ];
  }

  #at(point: string): { passed: number; kills: number } {
    let found = this.points.get(point);
    if (found === undefined) this.points.set(point, (found = { passed: 0, kills: 0 }));
    return found;
  }
}

const LABELS = {
  seeds: 'seeds',
  steps: 'steps of the scheduler',
  simulatedMs: 'simulated time, ms',
  events: 'events',
  windowsExpected: 'windows expected',
  missing: 'windows missing',
  duplicate: 'panes duplicate',
  wrong: 'differences of any other kind',
  starts: 'starts of the processor',
  powerLosses: 'kills that took unsynced writes with them',
  stops: 'asked to stop',
  startedAgain: 'started again after the end',
  commits: 'commits',
  journaled: 'of these by what was read, the windows to follow',
  folded: 'starts that had to do this again',
  diskFull: 'writes refused, disk full',
  lostAnswers: 'commits of unknown outcome',
  readFaults: 'reads of the state that failed',
  readBack: 'keys of state read back into memory',
  sourceFaults: 'reads that failed or hung',
  sinkFaults: 'deliveries that failed, hung or lost their answer',
  checkpoints: 'checkpoints made',
  damaged: 'states damaged',
  fallenBack: 'checkpoints fallen back to',
  refusedDamage: 'damaged states refused',
  refusedConfigurations: 'changed configurations refused',
  clockJumps: 'jumps of the wall clock',
  idleCommits: 'commits with an idle partition',
  unawaited: 'events that came behind a watermark',
} as const satisfies Partial<Record<keyof Figures, string>>;

const COUNTS = Object.keys(LABELS) as readonly (keyof typeof LABELS)[];
