import type { SourcePartition } from '../event-source.ts';
import type { ReadPlace } from './compressed-form.ts';
import type { FileIdentity } from './file-token.ts';

/** A partition of a file, to whoever keeps track of the names that files go by. */
export interface NamedPartition extends SourcePartition {
  /** What the file at hand is; null while there is none. */
  readonly identity: FileIdentity | null;
  /** How far the file at hand has been read; null while there is none, or where it is compressed. */
  place(): ReadPlace | null;
  /** The file at hand goes by another name now. */
  moveTo(path: string): void;
  /** The file of another partition goes by its name now: it ends with the file at hand. */
  endWithFile(): void;
  close(): Promise<void>;
}
