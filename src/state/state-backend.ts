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

/** Which part of a {@link StateBackend.scan} to give. */
export interface ScanOptions {
  /** Only what comes after this key, which need not exist. */
  readonly after?: Uint8Array;
  /** So many pairs at most; at least 1. */
  readonly limit?: number;
}

/** A checkpoint that can be restored. */
export interface CheckpointInfo {
  /** 1 to 200 characters: letters, digits, `.`, `_` and `-`, the first a letter or a digit. */
  readonly id: string;
  /** When it was made, in ms since 1970. */
  readonly createdAt: number;
  readonly sizeBytes: number;
}

/** What opening had to mend: the state was damaged, and a checkpoint has taken its place. */
export interface StateRepair {
  /** What was wrong with the state, for a person. */
  readonly damage: string;
  /** The checkpoint that was restored: the newest sound one. */
  readonly restored: CheckpointInfo;
  /** Where the damaged state was put aside. */
  readonly putAside: string;
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
  /**
   * Folder that lives as long as the state does, for what sources must keep beside it. Absent where nothing outlives
   * the process.
   */
  readonly directory?: string;
  /** What the last `open` had to mend; absent or null where the state was sound. */
  readonly repair?: StateRepair | null;
  /**
   * Takes the state for this process.
   * @throws ProcessorError STATE_LOCKED where another process has it, STATE_CORRUPT where it is damaged and there is no
   * sound checkpoint to take its place.
   */
  open(): Promise<void>;
  close(): Promise<void>;
  /** The value of a key; undefined where there is none. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** The values of some keys, in their order; undefined where there is none. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  put(key: Uint8Array, value: Uint8Array): Promise<void>;
  /** Deletes a key; nothing happens where there is none. */
  delete(key: Uint8Array): Promise<void>;
  /** The pairs whose key begins with `prefix`, in key order, as of the call. */
  scan(prefix: Uint8Array, options?: ScanOptions): AsyncIterable<StateEntry>;
  /**
   * Writes all or nothing, and durably so where the backend is durable: when it resolves, it is synced. Where it
   * rejects, the outcome may be unknown; the same batch can then be written again. The arrays must not change until it
   * settles.
   * @throws ProcessorError STATE_FULL where there is no room: the same batch may pass when there is some again.
   */
  batch(operations: readonly StateOperation[]): Promise<void>;
  /**
   * Keeps all pairs as of now under an id. The same id again replaces it. Batches may be written meanwhile: each is in
   * it whole, or not at all.
   */
  checkpoint(id: string): Promise<CheckpointInfo>;
  /** Puts all pairs back to what they were at a checkpoint. @throws ProcessorError CHECKPOINT_UNKNOWN, CHECKPOINT_CORRUPT. */
  restore(id: string): Promise<void>;
  /** All checkpoints, oldest first. */
  listCheckpoints(): Promise<readonly CheckpointInfo[]>;
  /** What is wrong with a checkpoint, for a person; empty if it is sound. Reads all of it. */
  verifyCheckpoint(id: string): Promise<readonly string[]>;
  /** Drops a checkpoint; nothing happens where there is none. */
  deleteCheckpoint(id: string): Promise<void>;
  /** Bytes held, as well as the backend knows. */
  sizeBytes(): number;
}
