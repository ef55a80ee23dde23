import type { PipelineContents, StateContents } from '../../runtime/state-inspection.ts';
import { readProgressSnapshot } from '../../time/progress-snapshot.ts';
import { instantFromJson } from '../../time/snapshot-json.ts';
import { formatInstant, type Instant } from '../../time/instant.ts';
import type { FolderSize } from './state-store.ts';

/** What is known of a state besides its contents. */
export interface InspectionFacts {
  readonly path: string;
  /** On disk, with all that RocksDB keeps besides. */
  readonly size: FolderSize;
}

/** How far a partition has been read, as a state has it. */
export interface StoredPartition {
  readonly id: string;
  /** Null where nothing has been read of it. */
  readonly offset: number | null;
  readonly state: string;
  /** ±∞ at either end. */
  readonly watermark: Instant;
}

/** The watermark of the pipeline and its partitions, in the order of their ids. */
export function progressOf({ epoch }: PipelineContents): {
  readonly watermark: Instant;
  readonly partitions: readonly StoredPartition[];
} {
  if (epoch === undefined) return { watermark: -Infinity, partitions: [] };
  const { progress, positions } = epoch.meta;
  const { watermark, partitions } = readProgressSnapshot(progress);
  const found = new Map<string, StoredPartition>();
  for (const [id, { offset }] of positions) found.set(id, { id, offset, state: 'active', watermark: -Infinity });
  for (const { id, state, watermark: own } of partitions) {
    found.set(id, { id, offset: found.get(id)?.offset ?? null, state, watermark: instantFromJson(own) });
  }
  return { watermark, partitions: [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

/** An inspection for other programs. Instants are ISO 8601, null before anything is known. */
export function inspectionJson({ pipelines, others }: StateContents, { path, size }: InspectionFacts): string {
  const inspection = {
    path,
    disk: { files: size.files, bytes: size.bytes },
    pipelines: pipelines.map(pipelineJson),
    others,
  };
  return `${JSON.stringify(inspection, null, 2)}\n`;
}

function pipelineJson(pipeline: PipelineContents): object {
  const { name, epoch, windowState, journal, size } = pipeline;
  const { watermark, partitions } = progressOf(pipeline);
  const { windows, earliest, keyPrefixes, otherKeys } = windowState;
  return {
    name,
    ...size,
    epoch: epoch?.meta.epoch ?? null,
    watermark: instantJson(watermark),
    partitions: partitions.map((partition) => ({ ...partition, watermark: instantJson(partition.watermark) })),
    counters: epoch?.meta.totals ?? {},
    undelivered: {
      results: epoch?.outbox.results.length ?? 0,
      late_events: epoch?.outbox.lateEvents.length ?? 0,
      dead_letters: epoch?.outbox.deadLetters.length ?? 0,
    },
    journal: { epochs: journal.entries, bytes: journal.bytes },
    windows: Object.fromEntries(windows),
    earliest_windows: earliest.map(({ windowName, start, end, entries, bytes }) => ({
      name: windowName,
      start: formatInstant(start),
      end: formatInstant(end),
      keys: entries,
      bytes,
    })),
    keys: { by_first_field: Object.fromEntries(keyPrefixes), others: otherKeys },
    configuration: epoch?.plan ?? null,
  };
}

function instantJson(at: Instant): string | null {
  return at === -Infinity ? null : formatInstant(at);
}
