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

/** Some bytes right before a place: they tell whether a file was changed below it. */
export interface RecentBytes {
  /** How many bytes were hashed; 0 where nothing is known. */
  readonly count: number;
  readonly hash: string;
}

/** What is committed with an offset in a file. */
export interface FileToken extends FileIdentity {
  /** Offset in the partition at which the file begins: above 0 once a followed file has been replaced. */
  readonly start: number;
  /** The last bytes before the offset. */
  readonly recent: RecentBytes;
  /** The framer's state. */
  readonly state: string;
}

/** Up to 0.1 a token was this, without recent bytes. */
const FIRST_TOKEN = /^1;(\d+);(\d+);([0-9a-f]*);(\d+);(.*)$/s;
const TOKEN = /^2;(\d+);(\d+);([0-9a-f]*);(\d+);(\d+);([0-9a-f]*);(.*)$/s;

/** The token as text. */
export function formatToken({ inode, headBytes, headHash, start, recent, state }: FileToken): string {
  return [2, inode, headBytes, headHash, start, recent.count, recent.hash, state].map(String).join(';');
}

/** @throws ProcessorError SOURCE_FAILED for text that {@link formatToken} did not make. */
export function parseToken(text: string, path: string): FileToken {
  const first = FIRST_TOKEN.exec(text);
  const fields = first === null ? TOKEN.exec(text) : [...first.slice(0, 5), '0', '', first[5]];
  const [, inode, headBytes, headHash, start, count, hash, state] = fields ?? [];
  if (inode === undefined || headHash === undefined || hash === undefined || state === undefined) {
    throw fileFailure(path, 'the position committed for it is not one of the file source; start over with fresh state');
  }
  return {
    inode: BigInt(inode),
    headBytes: Number(headBytes),
    headHash,
    start: Number(start),
    recent: { count: Number(count), hash },
    state,
  };
}

/** What is remembered of the bytes right before a place. */
export function recentOf(bytes: Uint8Array): RecentBytes {
  return { count: bytes.length, hash: hashOf(bytes) };
}

/** The identity of a file that begins with `head`. */
export function identityOf(inode: bigint, head: Uint8Array): FileIdentity {
  return { inode, headBytes: head.length, headHash: hashOf(head) };
}

/** True if a file of that inode number and start is the one with the identity, perhaps grown since. */
export function isSameFile(identity: FileIdentity, inode: bigint, head: Uint8Array): boolean {
  return identity.inode === inode && isSameStart(identity, head);
}

/** True if a file that begins with `head` has the start of the one with the identity. */
export function isSameStart({ headBytes, headHash }: FileIdentity, head: Uint8Array): boolean {
  return head.length >= headBytes && hashOf(head.subarray(0, headBytes)) === headHash;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
