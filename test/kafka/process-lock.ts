import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';

const LOOK_AGAIN_MS = 200;

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The text of a file; undefined if there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Makes a file that names this process, unless there is one; it is never there without its content. */
function make(lock: string): boolean {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own);
  }
}

/**
 * Takes a lock, which is a file that names the process that has it; one whose process has died counts for nothing.
 * @returns false if another process has it, or another part of this one.
 */
export function takeLock(lock: string): boolean {
  while (!make(lock)) {
    const holder = readIfThere(lock);
    if (holder === undefined) continue;
    if (isRunning(Number(holder))) return false;
    rmSync(lock, { force: true });
  }
  return true;
}

/** Gives back what {@link takeLock} took. */
export function releaseLock(lock: string): void {
  rmSync(lock, { force: true });
}

/** Does something while nobody else does anything under the same lock. */
export async function alone<T>(lock: string, action: () => Promise<T>): Promise<T> {
  while (!takeLock(lock)) await after(LOOK_AGAIN_MS);
  try {
    return await action();
  } finally {
    releaseLock(lock);
  }
}
