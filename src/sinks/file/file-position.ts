import { createHash } from 'node:crypto';

/** The bytes right before a position that are hashed to know the file by. */
export const KNOWN_BYTES = 1024;

/** A place in a file, and what the file is known by there. */
export interface FilePosition {
  /** Bytes up to the place. */
  readonly length: number;
  /** As far as a double holds it, which is enough to tell files apart. */
  readonly inode: number;
  /** Of the last {@link KNOWN_BYTES} before the place, or what there is. */
  readonly hash: string;
}

const POSITION = /^1;(\d+);(\d+);([0-9a-f]{16})$/;

/** The position as text. */
export function formatPosition({ length, inode, hash }: FilePosition): string {
  return `1;${String(length)};${String(inode)};${hash}`;
}

/** Undefined for text that {@link formatPosition} did not make. */
export function parsePosition(text: string): FilePosition | undefined {
  const [, length, inode, hash] = POSITION.exec(text) ?? [];
  return hash === undefined ? undefined : { length: Number(length), inode: Number(inode), hash };
}

/** The hash of a {@link FilePosition} behind these bytes. */
export function hashBefore(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/**
 * True if a file with that inode number, and that hash at the position's length, is the one with the position. Its
 * content alone says so where there is enough of it: a file may have been copied to another disk.
 */
export function isKnownAs(position: FilePosition, inode: number, hash: string): boolean {
  return position.hash === hash && (position.inode === inode || position.length >= KNOWN_BYTES);
}
