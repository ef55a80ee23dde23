import type { AggregationResult } from '../results/aggregation-result.ts';

/** Cuts a delivery into parts of at most so many bytes of results each; a result that has more stands alone. Lazily. */
export function* partsOf(
  items: readonly AggregationResult<object>[],
  maxBytes: number,
): Generator<readonly string[], void, undefined> {
  let part: string[] = [];
  let bytes = 0;
  for (const item of items) {
    const text = item.toText();
    const size = Buffer.byteLength(text) + 1;
    if (part.length > 0 && bytes + size > maxBytes) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(text);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
