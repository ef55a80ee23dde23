import { ByteWriter, type ByteReader } from '../../aggregations/accumulator-bytes.ts';
import { MetricAccumulator } from '../../aggregations/metric-accumulator.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import type { Results } from '../../results/aggregation-result.ts';
import type { Instant } from '../../time/instant.ts';
import { allocate } from './arena.ts';
import { Cell, type CellShape } from './cell.ts';
import { readOwners, writeOwners } from './owners.ts';
import { WindowState } from './window-state.ts';

const FLAG_CLOSED = 1;
const FLAG_CELL = 2;
const FLAG_EMITTED = 4;

/** What the entries of a pipeline have in common. */
export interface EntryShape extends CellShape {
  /** True if every entry but heads and timers begins with the partitions whose events it holds. */
  readonly byPartition: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One for all entries, which are written one at a time. */
const shared = new ByteWriter(4096);

/** Bytes of an entry's value, made by `write`. */
export function entryBytes(write: (writer: ByteWriter) => void): Uint8Array {
  write(shared);
  return shared.finish(allocate);
}

/** Writes what a window holds, beyond its bounds and key. */
export function writeWindowState(writer: ByteWriter, shape: EntryShape, state: WindowState): void {
  const { cell, emitted } = state;
  if (shape.byPartition) writeOwners(writer, state.owners);
  writer.byte(
    (state.closed ? FLAG_CLOSED : 0) | (cell === null ? 0 : FLAG_CELL) | (emitted === null ? 0 : FLAG_EMITTED),
  );
  writer.whole(state.panes);
  writer.whole(state.elements);
  writer.float(state.since);
  if (emitted !== null) writeSized(writer, encoder.encode(JSON.stringify(emitted)));
  if (cell !== null) writeCell(writer, shape, cell);
}

/** The window that {@link writeWindowState} wrote. @throws ProcessorError ACCUMULATOR_CORRUPT. */
export function readWindowState(
  reader: ByteReader,
  shape: EntryShape,
  [start, end]: readonly [start: Instant, end: Instant],
  keyId: number,
  key: GroupingKey | null,
): WindowState {
  const owners = shape.byPartition ? readOwners(reader) : 0;
  const flags = reader.byte();
  const panes = reader.whole();
  const elements = reader.whole();
  const since = reader.float();
  const emitted = (flags & FLAG_EMITTED) === 0 ? null : readSized(reader);
  const cell = (flags & FLAG_CELL) === 0 ? null : readCell(reader, shape);
  const state = new WindowState(start, end, keyId, key, cell, since);
  state.owners = owners;
  state.panes = panes;
  state.elements = elements;
  state.closed = (flags & FLAG_CLOSED) !== 0;
  // JSON.parse gives back what was written here.
  state.emitted = emitted === null ? null : (JSON.parse(decoder.decode(emitted)) as Results);
  return state;
}

/** Writes the accumulators of a cell. */
export function writeCell(writer: ByteWriter, shape: CellShape, cell: Cell): void {
  writer.whole(cell.events);
  for (const metric of cell.metrics) metric.write(writer);
  for (const accumulators of cell.custom) {
    for (const [c, custom] of shape.custom.entries()) writeSized(writer, custom.encode(accumulators[c]));
  }
}

/** The cell that {@link writeCell} wrote. @throws ProcessorError ACCUMULATOR_CORRUPT. */
export function readCell(reader: ByteReader, shape: CellShape): Cell {
  const { metrics, custom, aggregation } = shape;
  const events = reader.whole();
  const accumulators = metrics.map(() => MetricAccumulator.read(reader, aggregation));
  const others = custom.length === 0 ? [] : metrics.map(() => custom.map((one) => one.decode(readSized(reader))));
  const cell = new Cell(shape, accumulators, others);
  cell.events = events;
  return cell;
}

function writeSized(writer: ByteWriter, bytes: Uint8Array): void {
  writer.whole(bytes.length);
  writer.raw(bytes);
}

function readSized(reader: ByteReader): Uint8Array {
  return reader.raw(reader.whole());
}
