import { createHash } from 'node:crypto';
import { Figures } from './figures.ts';
import { Random } from './random.ts';

/** Something that is to happen. */
export interface Task {
  readonly at: number;
  readonly order: number;
  readonly owner: object | null;
  readonly label: string;
  readonly run: () => void;
}

const KEPT_LINES = 4000;

/**
 * Time, chance and the order of everything in one simulation. A task is one step; between two steps all promises that
 * can go on do so, until nothing moves any more. The same seed gives the same steps.
 */
export class World {
  readonly seed: number;
  readonly random: Random;
  readonly figures = new Figures();
  /** Steady time, in ms. */
  time = 0;
  /** What the wall clock is ahead of steady time. */
  wallOffset = 1_700_000_000_000;
  steps = 0;
  /** No fault happens any more. */
  healed = false;
  readonly violations: string[] = [];
  readonly #hash = createHash('sha256');
  readonly #lines: string[] = [];
  readonly #tasks: Task[] = [];
  /** What those have still to do that stand still. */
  readonly #parked = new Map<object, Task[]>();

  constructor(seed: number) {
    this.seed = seed;
    this.random = new Random(seed, 2);
  }

  /** True with probability `p` while there are faults. Draws only then, so that a healed world is quiet. */
  fault(p: number): boolean {
    return !this.healed && this.random.chance(p);
  }

  /** Lets `run` happen after `delay` ms. What a process owns is forgotten when it dies. */
  schedule(owner: object | null, label: string, delay: number, run: () => void): Task {
    const task = { at: this.time + Math.max(0, delay), order: this.random.next(), owner, label, run };
    const parked = owner === null ? undefined : this.#parked.get(owner);
    (parked ?? this.#tasks).push(task);
    return task;
  }

  /** Holds an owner still: nothing of its goes on until it is {@link World.unpark unparked}. */
  park(owner: object): void {
    const own = this.#tasks.filter((task) => task.owner === owner);
    for (const task of own) this.cancel(task);
    this.#parked.set(owner, own);
  }

  /** Lets an owner go on with what it had still to do. */
  unpark(owner: object): void {
    const own = this.#parked.get(owner) ?? [];
    this.#parked.delete(owner);
    this.#tasks.push(...own);
  }

  cancel(task: Task): void {
    for (const tasks of [this.#tasks, ...this.#parked.values()]) {
      const at = tasks.indexOf(task);
      if (at !== -1) tasks.splice(at, 1);
    }
  }

  /** Forgets what an owner had still to do. */
  forget(owner: object): void {
    this.#parked.delete(owner);
    for (let i = this.#tasks.length - 1; i >= 0; i -= 1) if (this.#tasks[i]?.owner === owner) this.#tasks.splice(i, 1);
  }

  /** Does what is due next; false where there is nothing to do. */
  step(): boolean {
    let next: Task | undefined;
    for (const task of this.#tasks) {
      if (next === undefined || task.at < next.at || (task.at === next.at && task.order < next.order)) next = task;
    }
    if (next === undefined) return false;
    this.cancel(next);
    this.time = Math.max(this.time, next.at);
    this.steps += 1;
    this.note(next.label);
    next.run();
    return true;
  }

  /** Resolves when nothing moves any more without another step. */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  /** Writes a line of the trace. */
  note(text: string): void {
    const line = `${this.time.toFixed(3)} ${text}`;
    this.#hash.update(line);
    this.#lines.push(line);
    if (this.#lines.length > 2 * KEPT_LINES) this.#lines.splice(0, KEPT_LINES);
  }

  /** Notes that something is wrong. */
  violate(text: string): void {
    this.note(`VIOLATION ${text}`);
    this.violations.push(text);
  }

  /** The last lines of the trace. */
  get trace(): readonly string[] {
    return this.#lines.slice(-KEPT_LINES);
  }

  /** Ends the trace, and gives its hash. */
  finish(): string {
    this.figures.steps += this.steps;
    this.figures.simulatedMs += this.time;
    return this.#hash.digest('hex');
  }
}
