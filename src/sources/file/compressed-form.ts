import { GzipInput } from './gzip-input.ts';
import { HEAD_BYTES, isSameFile, type FileIdentity, type RecentBytes } from './file-token.ts';
import { passRecent, type ReadableFile } from './resumption.ts';

/** How far a file has been read: enough to know it again when it is compressed. */
export interface ReadPlace {
  readonly identity: FileIdentity;
  /** Bytes of it that were used. */
  readonly used: number;
  /** The last bytes before that. */
  readonly recent: RecentBytes;
}

/** The first {@link HEAD_BYTES} of what a gzip file holds, or what there is; null where nothing of it can be inflated. */
export async function inflatedHead(file: ReadableFile): Promise<Uint8Array | null> {
  const input = new GzipInput(file, 0);
  let head = Buffer.alloc(0);
  try {
    while (head.length < HEAD_BYTES) {
      const piece = await input.next();
      if (piece === null) break;
      head = Buffer.concat([head, piece.bytes]);
    }
  } catch {
    // Whoever reads it comes upon the damage, and says what it is.
    return null;
  } finally {
    input.close();
  }
  return head.subarray(0, HEAD_BYTES);
}

/** True if what begins so may be the file with the identity, whatever its inode: compressing makes another one of it. */
export function beginsAs(head: Uint8Array, identity: FileIdentity): boolean {
  return identity.headBytes > 0 && isSameFile(identity, identity.inode, head);
}

/** True if a gzip file that begins alike also holds what had been read, up to the place reached. */
export async function reachesPlace(file: ReadableFile, { used, recent }: ReadPlace): Promise<boolean> {
  const input = new GzipInput(file, used - recent.count);
  try {
    await passRecent(file.path, recent, input);
    return true;
  } catch {
    return false;
  } finally {
    input.close();
  }
}
