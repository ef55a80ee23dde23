import type { Clock } from '../../src/time/clock.ts';
import type { World } from './world.ts';

/** Never settles: what a dead process waits for. */
function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/** Decides at each kill point whether the process dies there. */
export type KillPlan = (point: string) => boolean;

/**
 * A process of the simulated machine. Whatever runs in it reaches the world by its methods only; when it is killed, all
 * that it waits for never comes.
 */
export class SimulatedProcess {
  readonly world: World;
  alive = true;
  /** Where it was killed. */
  killedAt: string | undefined;
  /** Another process has taken its place, with its disks; it is dead for everybody but Kafka. */
  isReplaced = false;
  readonly #killed: KillPlan;
  readonly #onKill: () => void;

  constructor(world: World, killed: KillPlan, onKill: () => void) {
    this.world = world;
    this.#killed = killed;
    this.#onKill = onKill;
  }

  /** Passes a kill point, or dies there; true if it lives. For calls that do not wait. */
  pass(point: string): boolean {
    if (!this.alive) return false;
    this.world.figures.pass(point);
    if (this.isReplaced || !this.#killed(point)) return true;
    this.world.figures.kill(point);
    this.world.note(`KILLED at ${point}`);
    this.killedAt = point;
    this.end();
    this.#onKill();
    return false;
  }

  /** The process is over: nothing that it has begun goes on. */
  end(): void {
    this.alive = false;
    this.world.forget(this);
  }

  /** Passes a kill point; never resolves if the process dies there. */
  async reach(point: string): Promise<void> {
    if (!this.pass(point)) await never();
  }

  /** Lets the scheduler decide when to go on. */
  wait(label: string, delay: number): Promise<void> {
    if (!this.alive) return never();
    return new Promise((resolve) => {
      this.world.schedule(this, label, delay, resolve);
    });
  }

  /** A call of a port: a step, with a kill point before it and one after it. */
  async call<T>(name: string, effect: () => Promise<T> | T, mostMs = 20): Promise<T> {
    await this.reach(`${name}: before`);
    await this.wait(name, this.world.random.delay(mostMs));
    const result = await effect();
    await this.reach(`${name}: after`);
    return result;
  }
}

/** The clock of a process. Looking at it takes time, so that work does too. */
export class SimulatedClock implements Clock {
  readonly #process: SimulatedProcess;

  constructor(process: SimulatedProcess) {
    this.#process = process;
  }

  now(): number {
    const { world } = this.#process;
    return Math.floor(world.time + world.wallOffset);
  }

  monotonic(): number {
    const { world, alive } = this.#process;
    // What a dead process still computes in its last breath takes no time from the living.
    if (alive) world.time += world.random.chance(0.002) ? world.random.next() * 40 : world.random.next() * 0.02;
    return world.time;
  }

  async sleep(delay: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return;
    await this.#process.reach('clock.sleep: before');
    const { world } = this.#process;
    const oversleep = world.random.delay(2);
    await new Promise<void>((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const abort = (): void => {
        world.cancel(task);
        resolve();
      };
      const task = world.schedule(this.#process, 'clock.sleep', delay + oversleep, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
    await this.#process.reach('clock.sleep: after');
  }

  nextTurn(): Promise<void> {
    return this.#process.wait('clock.nextTurn', this.#process.world.random.next() * 0.05);
  }
}
