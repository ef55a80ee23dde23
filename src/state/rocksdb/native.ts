import { ProcessorError } from '../../errors/processor-error.ts';
import { messageOf } from '../../errors/message-of.ts';

/** A database, an iterator or a batch inside the native code. */
export type NativeHandle = object & { readonly __native?: never };

/** Options of {@link NativeRocksDB.db_open}, sizes in bytes. */
export interface NativeOpenOptions {
  readonly createIfMissing: boolean;
  readonly cacheSize: number;
  readonly cacheIndexAndFilterBlocks: boolean;
  readonly compaction: 'level';
  readonly compression: boolean;
  readonly memtableMemoryBudget: number;
  readonly parallelism: number;
  readonly walCompression: boolean;
}

/** Options of {@link NativeRocksDB.iterator_init}. */
export interface NativeIteratorOptions {
  readonly keyEncoding: 'buffer';
  readonly valueEncoding: 'buffer';
  readonly highWaterMarkBytes: number;
  readonly asyncIO: boolean;
  readonly gt?: Uint8Array;
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly limit?: number;
}

type Callback = (error: Error | null) => void;

/**
 * What is used of the package's binding. Only what throws is used where there is a choice: its asynchronous reads of
 * many keys let a damaged block out as an uncaught exception, and never call back.
 */
export interface NativeRocksDB {
  db_init(location: string): NativeHandle;
  db_open(db: NativeHandle, options: NativeOpenOptions, callback: Callback): unknown;
  db_close(db: NativeHandle, callback: Callback): void;
  db_get_many_sync(
    db: NativeHandle,
    keys: readonly Uint8Array[],
    options: object,
  ): readonly (Uint8Array | null | undefined)[];
  db_get_property(db: NativeHandle, property: string): string;
  iterator_init(db: NativeHandle, options: NativeIteratorOptions): NativeHandle;
  iterator_nextv_sync(
    iterator: NativeHandle,
    count: number,
  ): { readonly rows: readonly Uint8Array[]; readonly finished: boolean };
  iterator_close(iterator: NativeHandle): void;
  batch_init(): NativeHandle;
  batch_put(batch: NativeHandle, key: Uint8Array, value: Uint8Array, options: undefined): void;
  batch_del(batch: NativeHandle, key: Uint8Array, options: undefined): void;
  batch_clear(batch: NativeHandle): void;
  batch_write(db: NativeHandle, batch: NativeHandle, options: { readonly sync: boolean }): void;
}

/** Loads the native code. */
export type ImportNative = () => Promise<NativeRocksDB>;

/** Loads the package's native code into this thread. */
export const importNative: ImportNative = async () => (await import('@nxtedition/rocksdb/binding.js')).default;

/** @throws ProcessorError STATE_UNAVAILABLE where the package is missing, or is not made for this machine. */
export async function loadNative(load: ImportNative): Promise<NativeRocksDB> {
  try {
    return await load();
  } catch (error) {
    throw new ProcessorError(
      'state',
      'STATE_UNAVAILABLE',
      'the RocksDB state backend needs the package @nxtedition/rocksdb, which cannot be loaded ' +
        `(${messageOf(error).split('\n')[0] ?? ''}). Install it with "npm install @nxtedition/rocksdb@12.2.12"; where it ` +
        'is made neither for this system nor can be compiled on it, choose another state backend',
      { cause: error },
    );
  }
}
