import { createHash } from 'node:crypto';
import { fileFailure } from './file-failure.ts';

/** The bytes at the start of a file that tell it from others. */
export const HEAD_BYTES = 1024;

/** What tells a file from others. The device is left out: its number can change when a disk is mounted again. */
export interface FileIdentity {
  readonly inode: bigint;
  /** How many bytes of the file's start were hashed: {@link HEAD_BYTES}, or as many as there were. */
  readonly headBytes: number;
  readonly headHash: string;
}

/** What is committed with an offset in a file. */
export interface FileToken extends FileIdentity {
  /** Offset in the partition at which the file begins: above 0 once a followed file has been replaced. */
  readonly start: number;
  /** The framer's state. */
  readonly state: string;
}

const TOKEN = /^1;(\d+);(\d+);([0-9a-f]*);(\d+);(.*)$/s;

/** The token as text. */
export function formatToken(token: FileToken): string {
  return `1;${String(token.inode)};${String(token.headBytes)};${token.headHash};${String(token.start)};${token.state}`;
}

/** @throws ProcessorError SOURCE_FAILED for text that {@link formatToken} did not make. */
export function parseToken(text: string, path: string): FileToken {
  const [, inode, headBytes, headHash, start, state] = TOKEN.exec(text) ?? [];
  if (inode === undefined || headHash === undefined || state === undefined) {
    throw fileFailure(path, 'the position committed for it is not one of the file source; start over with fresh state');
  }
  return { inode: BigInt(inode), headBytes: Number(headBytes), headHash, start: Number(start), state };
}

/** The identity of a file that begins with `head`. */
export function identityOf(inode: bigint, head: Uint8Array): FileIdentity {
  return { inode, headBytes: head.length, headHash: hashOf(head) };
}

/** True if a file of that inode number and start is the one with the identity, perhaps grown since. */
export function isSameFile(identity: FileIdentity, inode: bigint, head: Uint8Array): boolean {
  const { headBytes, headHash } = identity;
  return identity.inode === inode && head.length >= headBytes && hashOf(head.subarray(0, headBytes)) === headHash;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
