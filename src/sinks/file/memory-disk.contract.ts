import type { AppendHandle, OpenHandle } from './open-on-disk.ts';

/** One file in memory, of a process that can be made to crash within a write. */
export class MemoryDisk {
  bytes: Buffer = Buffer.alloc(0);
  inode = 1;
  /** Bytes that can be written before the process crashes. */
  bytesToCrash = Infinity;
  /** Length at each truncation. */
  readonly truncations: number[] = [];

  readonly open: OpenHandle = async () => {
    const handle: Pick<AppendHandle, 'datasync' | 'truncate' | 'close'> & Record<'read' | 'write' | 'stat', unknown> = {
      stat: async () => ({ size: this.bytes.length, ino: this.inode, isFile: () => true }),
      read: async (buffer: Buffer, offset: number, length: number, position: number) => ({
        bytesRead: this.bytes.copy(buffer, offset, position, position + length),
      }),
      write: async (bytes: Uint8Array, offset: number, length: number) => this.#write(bytes, offset, length),
      datasync: async () => this.#check(),
      truncate: async (length) => {
        this.#check();
        this.truncations.push(length ?? 0);
        this.bytes = this.bytes.subarray(0, length ?? 0);
      },
      close: async () => undefined,
    };
    return handle as AppendHandle; // Only the forms of read, write and stat that the sink calls.
  };

  get text(): string {
    return this.bytes.toString();
  }

  #write(bytes: Uint8Array, offset: number, length: number): { bytesWritten: number } {
    this.#check();
    const bytesWritten = Math.min(length, this.bytesToCrash);
    this.bytes = Buffer.concat([this.bytes, bytes.subarray(offset, offset + bytesWritten)]);
    this.bytesToCrash -= bytesWritten;
    this.#check();
    return { bytesWritten };
  }

  #check(): void {
    if (this.bytesToCrash <= 0) throw new Error('the process has crashed');
  }
}
