import { ProcessorError } from '../errors/processor-error.ts';
import { GroupingKey } from '../event/grouping-key.ts';
import { Window } from '../event/window.ts';
import { ByteReader, ByteWriter } from './accumulator-bytes.ts';
import type { AggregationSpec } from './aggregation-spec.ts';
import { parseAggregationSpec, type AggregationOptions } from './parse-aggregation-spec.ts';

const FORMAT_VERSION = 1;

/** `AggregationOptions` as it was stored: {@link parseAggregationSpec} checks it again. */
type Header = readonly [
  start: number,
  end: number,
  key: readonly (readonly [string, string | null])[] | null,
  AggregationOptions,
];

/** The parts that an AggregationState is stored in. */
export interface StateParts {
  readonly window: Window;
  readonly spec: AggregationSpec;
  /** The stored form of its accumulator. */
  readonly accumulator: Uint8Array;
}

/** Version, length of the header, header as JSON, accumulator. */
export function encodeState(window: Window, spec: AggregationSpec, accumulator: Uint8Array): Uint8Array {
  const header: Header = [
    window.start,
    window.end,
    window.key?.fields ?? null,
    { ...spec, aggregates: [...spec.aggregates] },
  ];
  const text = new TextEncoder().encode(JSON.stringify(header));
  const writer = new ByteWriter(text.length + accumulator.length + 9);
  writer.byte(FORMAT_VERSION);
  writer.whole(text.length);
  writer.raw(text);
  writer.raw(accumulator);
  return writer.finish();
}

/** @throws ProcessorError ACCUMULATOR_CORRUPT for bytes that {@link encodeState} did not make. */
export function decodeState(bytes: Uint8Array): StateParts {
  const reader: ByteReader = new ByteReader(bytes);
  const version = reader.byte();
  reader.expect(version === FORMAT_VERSION, `format version ${String(version)}`);
  const text = reader.raw(reader.whole());
  const accumulator = reader.raw(reader.left);
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    if (!isHeader(header)) throw new TypeError('not a header');
    const [start, end, key, options] = header;
    const window = new Window(start, end, key === null ? null : GroupingKey.fromFields(key));
    return { window, spec: parseAggregationSpec(options), accumulator };
  } catch (error) {
    throw new ProcessorError('aggregation', 'ACCUMULATOR_CORRUPT', 'a stored aggregation state cannot be read', {
      cause: error,
    });
  }
}

/** Numbers and settings within the right shape are checked by the constructors that take them. */
function isHeader(found: unknown): found is Header {
  if (!Array.isArray(found) || found.length !== 4) return false;
  const [start, end, key, options] = found as unknown[];
  const sound = key === null || (Array.isArray(key) && key.every(isKeyField));
  return (
    typeof start === 'number' && typeof end === 'number' && sound && typeof options === 'object' && options !== null
  );
}

function isKeyField(found: unknown): found is readonly [string, string | null] {
  if (!Array.isArray(found) || found.length !== 2) return false;
  const [name, value] = found as unknown[];
  return typeof name === 'string' && (value === null || typeof value === 'string');
}
