import type {
  CheckpointInfo,
  ScanOptions,
  StateBackend,
  StateEntry,
  StateOperation,
  StateRepair,
} from '../../src/state/state-backend.ts';

/** A state backend that passes everything on to another: for those that change a part of it. */
export class WrappedBackend implements StateBackend {
  readonly name: string;
  readonly recoverable: boolean;
  readonly directory?: string;
  protected readonly inner: StateBackend;

  constructor(inner: StateBackend) {
    this.inner = inner;
    this.name = inner.name;
    this.recoverable = inner.recoverable;
    if (inner.directory !== undefined) this.directory = inner.directory;
  }

  get repair(): StateRepair | null {
    return this.inner.repair ?? null;
  }

  open(): Promise<void> {
    return this.inner.open();
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.inner.get(key);
  }

  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.inner.getMany(keys);
  }

  put(key: Uint8Array, value: Uint8Array): Promise<void> {
    return this.batch([{ key, value }]);
  }

  delete(key: Uint8Array): Promise<void> {
    return this.batch([{ key }]);
  }

  scan(prefix: Uint8Array, options?: ScanOptions): AsyncIterable<StateEntry> {
    return this.inner.scan(prefix, options);
  }

  batch(operations: readonly StateOperation[]): Promise<void> {
    return this.inner.batch(operations);
  }

  checkpoint(id: string): Promise<CheckpointInfo> {
    return this.inner.checkpoint(id);
  }

  restore(id: string): Promise<void> {
    return this.inner.restore(id);
  }

  listCheckpoints(): Promise<readonly CheckpointInfo[]> {
    return this.inner.listCheckpoints();
  }

  verifyCheckpoint(id: string): Promise<readonly string[]> {
    return this.inner.verifyCheckpoint(id);
  }

  deleteCheckpoint(id: string): Promise<void> {
    return this.inner.deleteCheckpoint(id);
  }

  sizeBytes(): number {
    return this.inner.sizeBytes();
  }
}
