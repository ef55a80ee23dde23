/** One write of a batch; an absent `value` deletes the key. */
export interface StateOperation {
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

/** A stored pair. The arrays belong to the receiver. */
export interface StateEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A checkpoint that can be restored. */
export interface CheckpointInfo {
  readonly id: string;
  /** When it was made, in ms since 1970. */
  readonly createdAt: number;
  readonly sizeBytes: number;
}

/**
 * An ordered store of bytes. Keys are ordered bytewise, unsigned, a prefix before what it begins. Written for one
 * user at a time. Every method rejects with a ProcessorError of kind `state`.
 */
export interface StateBackend {
  /** Short name for logs, metrics and health, such as `memory`. */
  readonly name: string;
  /**
   * False if nothing written can be read back by a later run. The engine's window state is then not written at
   * all, for nobody could ever load it.
   */
  readonly recoverable: boolean;
  open(): Promise<void>;
  close(): Promise<void>;
  /** The value of a key; undefined where there is none. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  put(key: Uint8Array, value: Uint8Array): Promise<void>;
  /** Deletes a key; nothing happens where there is none. */
  delete(key: Uint8Array): Promise<void>;
  /** All pairs whose key begins with `prefix`, in key order, as of the call. */
  scan(prefix: Uint8Array): AsyncIterable<StateEntry>;
  /** Writes all or nothing, and durably so where the backend is durable: when it resolves, it is synced. */
  batch(operations: readonly StateOperation[]): Promise<void>;
  /** Keeps all pairs as of now under an id. The same id again replaces it. */
  checkpoint(id: string): Promise<CheckpointInfo>;
  /** Puts all pairs back to what they were at a checkpoint. */
  restore(id: string): Promise<void>;
  /** All checkpoints, oldest first. */
  listCheckpoints(): Promise<readonly CheckpointInfo[]>;
  /** Drops a checkpoint; nothing happens where there is none. */
  deleteCheckpoint(id: string): Promise<void>;
  /** Bytes held, as well as the backend knows. */
  sizeBytes(): number;
}
