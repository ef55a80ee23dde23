import type { NativeHandle, NativeOpenOptions, NativeRocksDB } from './native.ts';
import { packList, unpackList } from './pack.ts';

const MIB = 1 << 20;
const MAX_INT32 = 2 ** 31 - 1;

/** A page of a scan is full at so many pairs, or when its bytes go beyond so many. */
const PAGE_PAIRS = 4096;
const PAGE_BYTES = 256 * 1024;

/** How much memory a database may take. */
export interface MemoryBudget {
  readonly cacheMb: number;
  readonly writeBufferMb: number;
}

/** The smallest that works: for a database that only lies there. */
export const SMALL: MemoryBudget = { cacheMb: 0, writeBufferMb: 1 };

function openOptions({ cacheMb, writeBufferMb }: MemoryBudget, createIfMissing: boolean): NativeOpenOptions {
  return {
    createIfMissing,
    cacheSize: Math.round(cacheMb * MIB),
    // Else the filters and indexes of all files stay in memory beside the cache, however many there are.
    cacheIndexAndFilterBlocks: cacheMb > 0,
    // Levels 0 and 1 as they are, ZSTD below.
    compaction: 'level',
    // True would train a dictionary for each file, which costs more than it saves on small values.
    compression: false,
    // Six memtables of a quarter of this each are the most there can be.
    memtableMemoryBudget: Math.round((writeBufferMb * MIB * 2) / 3),
    parallelism: 2,
    // The check of the logs reads the sequence numbers in them.
    walCompression: false,
  };
}

/** Which pairs a scan gives. */
export interface ScanRange {
  readonly prefix: Uint8Array;
  readonly after?: Uint8Array;
  readonly limit?: number;
}

/** A page of a scan: keys and values in turn, packed. */
export interface ScanPage {
  readonly entries: ArrayBuffer;
  readonly isLast: boolean;
}

/** An open RocksDB database. All but opening and closing is done on the calling thread. */
export class Database {
  readonly #native: NativeRocksDB;
  readonly #handle: NativeHandle;
  readonly #iterators = new Set<NativeHandle>();
  #batch: NativeHandle;

  private constructor(native: NativeRocksDB, handle: NativeHandle) {
    this.#native = native;
    this.#handle = handle;
    this.#batch = native.batch_init();
  }

  static async open(
    native: NativeRocksDB,
    location: string,
    budget: MemoryBudget,
    createIfMissing: boolean,
  ): Promise<Database> {
    const handle = native.db_init(location);
    await new Promise<void>((resolve, reject) => {
      native.db_open(handle, openOptions(budget, createIfMissing), settle(resolve, reject));
    });
    return new Database(native, handle);
  }

  /** Ends all scans, then closes. */
  async close(): Promise<void> {
    for (const iterator of this.#iterators) this.closeIterator(iterator);
    await new Promise<void>((resolve, reject) => {
      this.#native.db_close(this.#handle, settle(resolve, reject));
    });
  }

  /** Writes packed operations, a key and then its value or nothing, all or none, and syncs them. */
  write(operations: ArrayBuffer): void {
    const [native, batch] = [this.#native, this.#batch];
    const list = unpackList(operations);
    try {
      for (let i = 0; i < list.length; i += 2) {
        const [key, value] = [list[i], list[i + 1]];
        if (key === undefined) continue;
        if (value === undefined) native.batch_del(batch, key, undefined);
        else native.batch_put(batch, key, value, undefined);
      }
      native.batch_write(this.#handle, batch, { sync: true });
    } finally {
      native.batch_clear(batch);
      // Cleared it keeps its memory: one that was very large is not to be kept.
      if (operations.byteLength > 8 * MIB) this.#batch = native.batch_init();
    }
  }

  /** The values of packed keys, packed. */
  getMany(keys: ArrayBuffer): ArrayBuffer {
    const list = unpackList(keys).filter((key) => key !== undefined);
    const values = this.#native.db_get_many_sync(this.#handle, list, {});
    // null is the answer where RocksDB stopped early, which it does at 2 GiB.
    if (values.includes(null)) throw new Error('the values of so many keys do not fit into one answer');
    return packList(values);
  }

  /** Begins a scan of what is there now. */
  openIterator({ prefix, after, limit }: ScanRange): NativeHandle {
    const end = endOf(prefix);
    const begin = after === undefined || Buffer.compare(after, prefix) < 0 ? { gte: prefix } : { gt: after };
    const iterator = this.#native.iterator_init(this.#handle, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      highWaterMarkBytes: PAGE_BYTES,
      asyncIO: false,
      ...begin,
      ...(end === undefined ? {} : { lt: end }),
      ...(limit === undefined ? {} : { limit: Math.min(limit, MAX_INT32) }),
    });
    this.#iterators.add(iterator);
    return iterator;
  }

  /** The next pairs of a scan; it is closed with the last. Undefined if it was closed. */
  nextPage(iterator: NativeHandle): ScanPage | undefined {
    if (!this.#iterators.has(iterator)) return undefined;
    const { rows, finished } = this.#native.iterator_nextv_sync(iterator, PAGE_PAIRS);
    if (finished) this.closeIterator(iterator);
    return { entries: packList(rows), isLast: finished };
  }

  closeIterator(iterator: NativeHandle): void {
    if (this.#iterators.delete(iterator)) this.#native.iterator_close(iterator);
  }

  /** Bytes of all tables, and of what is not in one yet. */
  sizeBytes(): number {
    const read = (name: string): number => Number(this.#native.db_get_property(this.#handle, `rocksdb.${name}`));
    return read('live-sst-files-size') + read('size-all-mem-tables');
  }
}

function settle(resolve: () => void, reject: (error: Error) => void): (error: Error | null) => void {
  return (error) => {
    if (error === null || error === undefined) resolve();
    else reject(error);
  };
}

/** The first key after all that begin with `prefix`; undefined if there is none. */
function endOf(prefix: Uint8Array): Uint8Array | undefined {
  const last = prefix.findLastIndex((byte) => byte !== 255);
  if (last === -1) return undefined;
  const end = prefix.slice(0, last + 1);
  end[last] = (end[last] ?? 0) + 1;
  return end;
}
