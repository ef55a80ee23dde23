import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const SIZE = '64m';
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
