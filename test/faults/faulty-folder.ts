import type { LogFile, LogFolder } from '../../src/sources/http/log/log-folder.ts';

/** What becomes of one operation: it fails with a code, or the machine loses its power in the middle of it. */
export type Fault = { readonly type: 'fail'; readonly code: string } | { readonly type: 'crash' };

/** Bytes that the disk writes whole or not at all. */
const SECTOR_BYTES = 64;

interface Change {
  readonly at: number;
  /** Null: the file is cut there. */
  readonly bytes: Buffer | null;
}

/** One operation: all of it, or with a fault none of it but what `torn` leaves. */
type Steps = <T>(work: () => T, torn?: () => void) => Promise<T>;

interface FileOnDisk {
  /** What a loss of power leaves for sure. */
  durable: Buffer;
  /** What everybody reads until then. */
  seen: Buffer;
  /** What a loss of power may leave as well, in part. */
  unsynced: Change[];
}

/** A folder in memory that fails, tears and loses what was not synced; for tests. */
export class FaultyFolder {
  /** By number of the operation, from 0. */
  faults: (operation: number) => Fault | undefined = () => undefined;
  /** From 0 to 1: what a tear leaves. */
  random: () => number = () => 0.5;
  operations = 0;
  #seen = new Map<string, FileOnDisk>();
  #durable = new Map<string, FileOnDisk>();
  #crashed = false;
  /** Of processes: what one that is dead still asks for is not done. */
  #process = 0;

  /** Names and lengths of what is there. */
  get sizes(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#seen].map(([name, { seen }]) => [name, seen.length]));
  }

  /** What is in a file. */
  bytes(name: string): Buffer {
    return this.#file(name).seen;
  }

  /** Changes a file behind everybody's back; its length too. */
  alter(name: string, change: (bytes: Buffer) => Buffer): void {
    const file = this.#file(name);
    file.seen = file.durable = change(Buffer.from(file.seen));
  }

  /** Every name as it would be found after the power has come back, with anything or nothing of what was not synced. */
  restart({ power }: { readonly power: boolean }): void {
    if (!power) {
      const names = new Set([...this.#seen.keys(), ...this.#durable.keys()]);
      const kept = new Map<string, FileOnDisk>();
      for (const name of names) {
        // An entry that is not on disk is there or not; the same holds for one that was removed.
        const found = (this.random() < 0.5 ? this.#seen : this.#durable).get(name);
        if (found !== undefined) kept.set(name, found);
      }
      for (const file of kept.values()) this.#tear(file);
      this.#durable = new Map(kept);
      this.#seen = kept;
    }
    this.#crashed = false;
    this.#process += 1;
    this.faults = () => undefined;
  }

  /** The folder as the process sees it that runs now. */
  open(): LogFolder {
    const step: Steps = this.#stepsOf(this.#process);
    return {
      path: '/log',
      list: () => step(() => [...this.#seen.keys()].toReversed()),
      create: (name) =>
        step(() => {
          if (this.#seen.has(name)) throw failure('EEXIST');
          const file: FileOnDisk = { durable: Buffer.alloc(0), seen: Buffer.alloc(0), unsynced: [] };
          this.#seen.set(name, file);
          return this.#handle(file, step);
        }),
      open: (name) => step(() => this.#handle(this.#file(name), step)),
      remove: (name) =>
        step(() => {
          this.#file(name);
          this.#seen.delete(name);
        }),
      sync: () =>
        step(() => {
          this.#durable = new Map(this.#seen);
        }),
    };
  }

  #file(name: string): FileOnDisk {
    const file = this.#seen.get(name);
    if (file === undefined) throw failure('ENOENT');
    return file;
  }

  #stepsOf(process: number): Steps {
    return async (work, torn = () => undefined) => {
      await Promise.resolve();
      if (this.#crashed || process !== this.#process) throw failure('CRASHED');
      const fault = this.faults(this.operations);
      this.operations += 1;
      if (fault === undefined) return work();
      // What was being done when the power went may have been done.
      if (fault.type === 'crash' && this.random() < 0.3) work();
      else torn();
      this.#crashed = fault.type === 'crash';
      throw failure(fault.type === 'crash' ? 'CRASHED' : fault.code);
    };
  }

  /** After a failed sync the system takes the bytes for written, which they never will be. */
  #handle(file: FileOnDisk, step: Steps): LogFile {
    const change = (at: number, bytes: Buffer | null): void => {
      file.unsynced.push({ at, bytes });
      file.seen = applied(file.seen, { at, bytes });
    };
    const handle = {
      stat: () => step(() => ({ size: file.seen.length })),
      read: (buffer: Uint8Array, offset: number, length: number, position: number) =>
        step(() => {
          const part = file.seen.subarray(position, position + length);
          buffer.set(part, offset);
          return { bytesRead: part.length, buffer };
        }),
      write: (bytes: Uint8Array, offset: number, length: number, position: number) => {
        const part = Buffer.from(bytes.subarray(offset, offset + length));
        const some = (): Buffer => part.subarray(0, Math.floor(this.random() * part.length));
        return step(
          () => {
            change(position, part);
            return { bytesWritten: part.length, buffer: bytes };
          },
          () => change(position, some()),
        );
      },
      truncate: (length: number) => step(() => change(length, null)),
      datasync: () =>
        step(
          () => {
            for (const one of file.unsynced) file.durable = applied(file.durable, one);
            file.unsynced = [];
          },
          () => {
            this.#tear(file, file.seen);
          },
        ),
      close: () => step(() => undefined),
    };
    // Only what the log asks of a handle, in the only forms in which it asks.
    return handle as unknown as LogFile;
  }

  #tear(file: FileOnDisk, seen?: Buffer): void {
    for (const change of file.unsynced) {
      if (change.bytes === null) {
        if (this.random() < 0.5) file.durable = applied(file.durable, change);
        continue;
      }
      for (let from = 0; from < change.bytes.length; from += SECTOR_BYTES) {
        if (this.random() < 0.5) continue;
        const bytes = change.bytes.subarray(from, from + SECTOR_BYTES);
        file.durable = applied(file.durable, { at: change.at + from, bytes });
      }
    }
    file.unsynced = [];
    file.seen = seen ?? file.durable;
  }
}

function applied(file: Buffer, { at, bytes }: Change): Buffer {
  if (bytes === null) return at <= file.length ? file.subarray(0, at) : Buffer.concat([file], at);
  if (bytes.length === 0) return file;
  const grown = Buffer.alloc(Math.max(file.length, at + bytes.length));
  grown.set(file);
  grown.set(bytes, at);
  return grown;
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: made up for a test`), { code });
}
