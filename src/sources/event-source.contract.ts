import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordBlock } from '../event/record-block.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { ManualClock } from '../time/manual-clock.ts';
import type { EventSource, SourceContext, SourcePartition, SourcePosition } from './event-source.ts';

/** A bounded source and what it must give. */
export interface SourceFixture {
  /** A fresh description of the same events, ready to be opened. */
  source(): EventSource;
  /** The records of each partition, as text: bytes as they are, values as JSON. */
  readonly expected: Readonly<Record<string, readonly string[]>>;
  cleanUp?(): Promise<void>;
}

/** A context for tests; a clock that stands still, and blocks of at most 3 records, unless given. */
export function contextWith(parts: Partial<SourceContext> = {}): SourceContext {
  return {
    pipeline: 'contract',
    clock: new ManualClock(),
    logger: silentLogger,
    positions: new Map(),
    signal: new AbortController().signal,
    maxBlockRecords: 3,
    ...parts,
  };
}

/** The records of a block as text. */
export function textsOf(block: RecordBlock): string[] {
  if (block.kind === 'objects') return block.objects.map((value) => JSON.stringify(value));
  const { bytes, starts, ends, count } = block;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: count }, (_, index) => buffer.toString('utf8', starts[index], ends[index]));
}

/** All blocks of a partition, to its end. */
export async function readAll(partition: SourcePartition): Promise<RecordBlock[]> {
  const blocks: RecordBlock[] = [];
  for (let block = await partition.read(); block !== null; block = await partition.read()) blocks.push(block);
  return blocks;
}

/** The position committed after a block. */
export function positionAfter(block: RecordBlock): SourcePosition {
  return { offset: block.nextOffset, ...(block.token === undefined ? {} : { token: block.token }) };
}

/** Opens a source, reads all its partitions to their ends, and closes it. */
export async function readSource(source: EventSource, context: SourceContext): Promise<Map<string, RecordBlock[]>> {
  const open = await source.open(context);
  const blocks = new Map<string, RecordBlock[]>();
  for (const partition of open.partitions) blocks.set(partition.id, await readAll(partition));
  await open.close();
  return blocks;
}

/** What every driver of {@link EventSource} must do, shown on a bounded one. */
export function describeEventSource(name: string, setUp: () => Promise<SourceFixture>): void {
  describe(`${name} as an event source`, () => {
    let fixture: SourceFixture;
    beforeEach(async () => {
      fixture = await setUp();
    });
    afterEach(() => fixture.cleanUp?.());

    it('gives every record of every partition once and in order, then null, and null again', async () => {
      const open = await fixture.source().open(contextWith());
      expect(open.partitions.map((partition) => partition.id)).toEqual(Object.keys(fixture.expected));
      for (const partition of open.partitions) {
        expect((await readAll(partition)).flatMap(textsOf)).toEqual(fixture.expected[partition.id]);
        expect(await partition.read()).toBeNull();
      }
      await open.close();
    });

    it('gives offsets that rise, below the place to go on from, in blocks of a bounded size', async () => {
      for (const blocks of (await readSource(fixture.source(), contextWith())).values()) {
        let last = -1;
        for (const block of blocks) {
          expect(block.count).toBeGreaterThan(0);
          expect(block.count).toBeLessThanOrEqual(3);
          for (const offset of block.offsets.slice(0, block.count)) {
            expect(offset).toBeGreaterThan(last);
            last = offset;
          }
          expect(block.nextOffset).toBeGreaterThan(last);
        }
      }
    });

    it('leaves a block as it was while later ones are read', async () => {
      const open = await fixture.source().open(contextWith());
      for (const partition of open.partitions) {
        const first = await partition.read();
        const before = first === null ? [] : textsOf(first);
        await readAll(partition);
        expect(first === null ? [] : textsOf(first)).toEqual(before);
      }
      await open.close();
    });

    it('answers a read after the run was aborted, and one that the abort overtakes', async () => {
      const run = new AbortController();
      const open = await fixture.source().open(contextWith({ signal: run.signal }));
      const underWay = open.partitions.map((partition) => partition.read());
      run.abort();
      expect(await Promise.all(underWay)).toHaveLength(open.partitions.length);
      for (const partition of open.partitions) expect(await readAll(partition)).toBeInstanceOf(Array);
      await open.close();
    });

    it('can be closed at any time, and twice', async () => {
      const unread = await fixture.source().open(contextWith());
      await expect(unread.close()).resolves.toBeUndefined();
      await expect(unread.close()).resolves.toBeUndefined();
      const begun = await fixture.source().open(contextWith());
      await begun.partitions[0]?.read();
      await expect(begun.close()).resolves.toBeUndefined();
      await expect(begun.close()).resolves.toBeUndefined();
    });
  });
}

/** The same of a source that can go back, and what it must do besides. */
export function describeResumableSource(name: string, setUp: () => Promise<SourceFixture>): void {
  describeEventSource(name, setUp);
  describe(`${name} as a source that can go back`, () => {
    it('goes on from the position after any block with exactly the rest', async () => {
      const fixture = await setUp();
      try {
        for (const [id, blocks] of await readSource(fixture.source(), contextWith())) {
          let used = 0;
          for (const block of blocks) {
            used += block.count;
            const positions = new Map([[id, positionAfter(block)]]);
            const rest = await readSource(fixture.source(), contextWith({ positions }));
            expect(rest.get(id)?.flatMap(textsOf)).toEqual(fixture.expected[id]?.slice(used));
          }
        }
      } finally {
        await fixture.cleanUp?.();
      }
    });
  });
}
