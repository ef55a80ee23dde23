import type { GroupingKey } from '../event/grouping-key.ts';
import type { AggregationResult } from '../results/aggregation-result.ts';

/** A delivered result, and its place in the order of delivery. */
export interface StreamedResult {
  /** 1 for the first of the process. */
  readonly sequence: number;
  readonly windowName: string;
  readonly key: GroupingKey | null;
  /** The result as JSON, as {@link AggregationResult.toText} gives it. */
  readonly text: string;
}

/** Texts, one after another. */
interface Chunk {
  readonly bytes: Buffer;
  /** Number of its first text. */
  readonly first: number;
  /** Where each text ends. */
  readonly ends: number[];
  readonly windowNames: string[];
  readonly keys: (GroupingKey | null)[];
  /** Texts at its beginning that are let go of. */
  dropped: number;
}

const LEAST_CHUNK_BYTES = 4096;
const MOST_CHUNK_BYTES = 262_144;
/** A chunk is this part of all, unless that is too little or too much. */
const CHUNKS = 16;
/** Of one UTF-16 unit in UTF-8. */
const MOST_UNIT_BYTES = 3;
/** Estimated: what notes of a text there are. */
const NOTE_BYTES = 40;

/**
 * The results delivered last, in the order of delivery, for those who follow them. Whoever follows holds nothing but the
 * number of the last one it has had, and asks for what came after: one that is slow costs no memory, and one that is
 * slower than the stream is told that it has missed something. Results are kept as bytes of JSON outside the heap, where they
 * cost the garbage collector nothing; sinks mostly have made that text anyway.
 */
export class ResultStream {
  readonly #maxBytes: number;
  readonly #chunkBytes: number;
  /** Oldest first; none is empty. */
  readonly #chunks: Chunk[] = [];
  /** Of a chunk that has been let go of. */
  #spare: Buffer | null = null;
  #bytes = 0;
  #last = 0;
  readonly #waiting = new Set<() => void>();

  /** `maxBytes`: bytes in memory, at most one chunk (a sixteenth, or 256 KiB) above it. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#chunkBytes = Math.min(MOST_CHUNK_BYTES, Math.max(LEAST_CHUNK_BYTES, Math.floor(maxBytes / CHUNKS)));
  }

  /** Number of the newest result; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Number of the oldest result that is kept; one more than {@link last} where none is. */
  get oldest(): number {
    const chunk = this.#chunks[0];
    return chunk === undefined ? this.#last + 1 : chunk.first + chunk.dropped;
  }

  /** Followers that wait for the next result. */
  get waiting(): number {
    return this.#waiting.size;
  }

  append(results: readonly AggregationResult[]): void {
    if (results.length === 0) return;
    for (const result of results) this.#add(result);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** The results after a number, oldest first, at most `limit`. Where some of them are gone, those that are left. */
  after(sequence: number, limit: number): readonly StreamedResult[] {
    const found: StreamedResult[] = [];
    for (const chunk of this.#chunks) {
      const from = Math.max(sequence + 1 - chunk.first, chunk.dropped);
      for (let at = from; at < chunk.ends.length && found.length < limit; at += 1) found.push(textAt(chunk, at));
    }
    return found;
  }

  /** Resolves when there is something after `sequence`, or when `signal` aborts. */
  async changed(sequence: number, signal: AbortSignal): Promise<void> {
    if (this.#last > sequence || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #add(result: AggregationResult): void {
    const text = result.toText();
    this.#last += 1;
    if (text.length + NOTE_BYTES > this.#maxBytes) {
      // Whoever follows must not think that nothing is missing.
      this.#dropAll();
      return;
    }
    const chunk = this.#chunkFor(text);
    const at = chunk.ends.at(-1) ?? 0;
    const written = chunk.bytes.write(text, at);
    chunk.ends.push(at + written);
    chunk.windowNames.push(result.windowName);
    chunk.keys.push(result.key);
    this.#bytes += written + NOTE_BYTES;
    while (this.#bytes > this.#maxBytes) this.#dropOldest();
  }

  /** The newest chunk, or another where it may not have room. */
  #chunkFor(text: string): Chunk {
    const newest = this.#chunks.at(-1);
    const most = text.length * MOST_UNIT_BYTES;
    if (newest !== undefined && (newest.ends.at(-1) ?? 0) + most <= newest.bytes.length) return newest;
    const bytes = most > this.#chunkBytes ? Buffer.allocUnsafeSlow(Buffer.byteLength(text)) : this.#freeBytes();
    const chunk = { bytes, first: this.#last, ends: [], windowNames: [], keys: [], dropped: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }

  #freeBytes(): Buffer {
    const bytes = this.#spare ?? Buffer.allocUnsafeSlow(this.#chunkBytes);
    this.#spare = null;
    return bytes;
  }

  #dropOldest(): void {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return;
    const { bytes, ends, dropped } = chunk;
    this.#bytes -= (ends[dropped] ?? 0) - startOf(chunk, dropped) + NOTE_BYTES;
    chunk.dropped += 1;
    if (chunk.dropped < ends.length) return;
    this.#chunks.shift();
    if (bytes.length === this.#chunkBytes) this.#spare = bytes;
  }

  #dropAll(): void {
    this.#chunks.length = 0;
    this.#bytes = 0;
  }
}

function startOf({ ends }: Chunk, at: number): number {
  return at === 0 ? 0 : (ends[at - 1] ?? 0);
}

function textAt(chunk: Chunk, at: number): StreamedResult {
  const { bytes, first, ends, windowNames, keys } = chunk;
  return {
    sequence: first + at,
    windowName: windowNames[at] ?? '',
    key: keys[at] ?? null,
    text: bytes.toString('utf8', startOf(chunk, at), ends[at]),
  };
}
