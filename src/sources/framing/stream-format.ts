import type { RecordFormat } from '../../event/record-block.ts';
import { CsvSplitter } from './csv-splitter.ts';
import { Framer } from './framer.ts';
import { JsonSplitter } from './json-splitter.ts';
import { LineSplitter } from './line-splitter.ts';
import type { Splitter } from './splitter.ts';

/**
 * How records stand in a stream of bytes: one JSON object a line; a JSON array of objects (or one object after
 * another); CSV with a header row.
 */
export type StreamFormat = 'ndjson' | 'json' | 'csv';

/** Where a framer takes up the middle of a stream: what the one before it said after the last block used. */
export interface FramerResumption {
  readonly state: string;
  /** How records are to be read: with the names of the header row for CSV. */
  readonly format: RecordFormat;
}

/** Where a framer begins in its stream, and the size of its blocks. */
export interface StreamFramerOptions {
  readonly maxBlockRecords: number;
  /** Offset of the first byte that will be pushed; default 0. */
  readonly offset?: number;
  /** Absent: the first byte pushed is the first of the stream. */
  readonly resumption?: FramerResumption;
}

/** A framer for a format. */
export function createFramer(format: StreamFormat, options: StreamFramerOptions): Framer {
  const { maxBlockRecords, offset = 0, resumption } = options;
  return new Framer({
    splitter: splitterFor(format, resumption?.state ?? ''),
    maxBlockRecords,
    offset,
    atStart: resumption === undefined,
    format: resumption?.format ?? (format === 'csv' ? null : { type: 'json' }),
  });
}

function splitterFor(format: StreamFormat, state: string): Splitter {
  switch (format) {
    case 'ndjson':
      return new LineSplitter();
    case 'json':
      return new JsonSplitter(state);
    case 'csv':
      return new CsvSplitter();
  }
}

/** The format that a file's name tells: `.json`, `.csv`, else NDJSON; `.gz` is looked through. */
export function formatOfPath(path: string): StreamFormat {
  const name = path.toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.json')) return 'json';
  return name.endsWith('.csv') ? 'csv' : 'ndjson';
}
