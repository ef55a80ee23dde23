import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const SIZE = '128m';
const PIECES_BYTES = [1_048_576, 65_536, 4096] as const;

/** How a program is started where it may mount a disk of its own; nothing of that is seen outside. */
export const IN_OWN_NAMESPACE: readonly string[] = ['unshare', '--user', '--map-root-user', '--mount'];

/** True if this system lets us mount small disks. */
export function canMount(): boolean {
  const [command = '', ...first] = IN_OWN_NAMESPACE;
  const script = 'mount -t tmpfs -o size=1m tmpfs /mnt';
  return spawnSync(command, [...first, 'sh', '-c', script], { stdio: 'ignore' }).status === 0;
}

/** A disk in memory that can be filled. Only within {@link IN_OWN_NAMESPACE}; it is gone with the process. */
export class SmallDisk {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', path]);
  }

  /**
   * Takes the room but for a little. A database that is then opened cannot take room in advance, by which it would not
   * notice for a long time that there is no more.
   */
  leave(bytes: number): void {
    const { bavail, bsize } = statfsSync(this.path);
    const count = Math.floor((bavail * bsize - bytes) / PIECES_BYTES[0]);
    const file = openSync(this.#filler, 'a');
    for (let piece = 0; piece < count; piece += 1) writeSync(file, Buffer.alloc(PIECES_BYTES[0]));
    closeSync(file);
  }

  /** Takes all the room that there is. */
  fill(): void {
    const file = openSync(this.#filler, 'a');
    try {
      for (const bytes of PIECES_BYTES) {
        const piece = Buffer.alloc(bytes);
        while (hasRoomFor(file, piece));
      }
    } finally {
      closeSync(file);
    }
  }

  /** Gives it back. */
  release(): void {
    rmSync(this.#filler, { force: true });
  }

  /** Ends it, and all that is on it. */
  unmount(): void {
    execFileSync('umount', ['--lazy', this.path]);
  }

  get #filler(): string {
    return join(this.path, 'filler');
  }
}

function hasRoomFor(file: number, piece: Buffer): boolean {
  try {
    return writeSync(file, piece) === piece.length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
