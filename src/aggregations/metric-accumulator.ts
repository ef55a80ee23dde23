import { ProcessorError } from '../errors/processor-error.ts';
import type { MetricResults } from '../results/aggregation-result.ts';
import { ByteReader, ByteWriter } from './accumulator-bytes.ts';
import { layoutOf, type AccumulatorLayout } from './accumulator-layout.ts';
import type { AggregationSpec } from './aggregation-spec.ts';
import { CompensatedSum } from './compensated-sum.ts';
import { Extremes } from './extremes.ts';
import { Moments } from './moments.ts';
import { nearestRank, parsePercentile, type Percentile } from './percentiles/nearest-rank.ts';
import { PercentileValues } from './percentiles/percentile-values.ts';

const FORMAT_VERSION = 1;

/** Used again and again: an epoch stores very many small accumulators, and fresh buffers would be most of its cost. */
const MAX_SHARED_BYTES = 32_768;
const sharedWriter = new ByteWriter(MAX_SHARED_BYTES);

/**
 * Sums and squares are kept of values times a power of two, so that neither of huge nor of tiny values they leave
 * the range of a double. Which one, the largest magnitude decides: not the order of values, nor of merges.
 */
const SCALES = [2 ** 600, 1, 2 ** -600] as const;
const LIMITS = [2 ** -400, 2 ** 480, Infinity] as const;
type Level = 0 | 1 | 2;
const STEP = 2 ** -600;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The aggregates of the values of one metric in one window of one key: the engine's hot path. Holds only what the
 * enabled aggregates need. The order of values, and of merges, changes no more than the rounding of sum,
 * average and deviation; count, min, max and percentiles depend on the values alone.
 */
export class MetricAccumulator {
  readonly #layout: AccumulatorLayout;
  #count = 0;
  #level: Level = 0;
  #sum: CompensatedSum | null;
  #extremes: Extremes | null;
  #moments: Moments | null;
  #percentiles: PercentileValues | null;

  constructor(spec: AggregationSpec) {
    const layout = layoutOf(spec);
    this.#layout = layout;
    this.#sum = layout.holdsSum ? new CompensatedSum() : null;
    this.#extremes = layout.holdsExtremes ? new Extremes() : null;
    this.#moments = layout.holdsMoments ? new Moments() : null;
    this.#percentiles = layout.bins === null ? null : new PercentileValues(spec.percentileMethod, layout.bins);
  }

  /** @throws ProcessorError VALUE_NOT_FINITE for NaN and infinities, and leaves the accumulator as it was. */
  add(value: number): void {
    // Neither NaN nor an infinity is below any limit.
    if (!(Math.abs(value) < LIMITS[this.#level])) this.#makeRoomFor(value);
    this.#count += 1;
    const scaled = value * SCALES[this.#level];
    // −0 becomes 0: which of them is the smaller must not depend on order.
    const plain = value + 0;
    if (this.#sum !== null) this.#sum.add(scaled);
    if (this.#extremes !== null) this.#extremes.add(plain);
    if (this.#moments !== null) this.#moments.add(scaled, this.#count);
    if (this.#percentiles !== null) this.#percentiles.add(plain);
  }

  /**
   * Adds all of another's values. The other stays as it is.
   * @throws ProcessorError ACCUMULATOR_MISMATCH if it was made for another spec.
   */
  merge(other: MetricAccumulator): void {
    if (other.#layout.text !== this.#layout.text) {
      throw new ProcessorError(
        'aggregation',
        'ACCUMULATOR_MISMATCH',
        `accumulators of different settings cannot be merged: ${this.#layout.text} and ${other.#layout.text}`,
      );
    }
    if (other.#count === 0) return;
    while (this.#level < other.#level) this.#raise();
    let sum = other.#sum;
    let moments = other.#moments;
    for (let level = other.#level; level < this.#level; level += 1) {
      sum = sum?.clone() ?? null;
      moments = moments?.clone() ?? null;
      sum?.scale(STEP);
      moments?.scale(STEP);
    }
    const { count } = this;
    const otherCount = other.#count;
    this.#count += otherCount;
    if (sum !== null) this.#sum?.merge(sum);
    if (moments !== null) this.#moments?.merge(moments, count, otherCount);
    if (other.#extremes !== null) this.#extremes?.merge(other.#extremes);
    if (other.#percentiles !== null) this.#percentiles?.merge(other.#percentiles);
  }

  /** Number of values. */
  get count(): number {
    return this.#count;
  }

  /** Null where it is beyond the range of a double, or not held. */
  get sum(): number | null {
    const sum = this.#unscaled(this.#sum?.total() ?? Number.NaN);
    return Number.isFinite(sum) ? sum : null;
  }

  /** True where the sum is beyond the range of a double. */
  get overflow(): boolean {
    return this.#sum !== null && this.sum === null;
  }

  /** Null where there are no values, or it is not held; likewise below. */
  average(): number | null {
    const { sum } = this;
    if (this.#count === 0 || this.#sum === null) return null;
    return sum === null ? withinRange(this.#unscaled(this.#sum.total() / this.#count)) : sum / this.#count;
  }

  get min(): number | null {
    return this.#count === 0 ? null : (this.#extremes?.min ?? null);
  }

  get max(): number | null {
    return this.#count === 0 ? null : (this.#extremes?.max ?? null);
  }

  /** Of the population: √(Σ(x − average)² / n). */
  standardDeviation(): number | null {
    if (this.#count === 0 || this.#moments === null) return null;
    return withinRange(this.#unscaled(this.#moments.deviation(this.#count, this.#count)));
  }

  /** Of a sample: √(Σ(x − average)² / (n − 1)). Null for one value, and where it is beyond the range of a double. */
  sampleStandardDeviation(): number | null {
    if (this.#count < 2 || this.#moments === null) return null;
    const deviation = this.#unscaled(this.#moments.deviation(this.#count, this.#count - 1));
    return Number.isFinite(deviation) ? deviation : null;
  }

  /**
   * The percentile by nearest rank, exact or within the relative accuracy.
   * @throws ProcessorError PERCENTILE_INVALID unless 0 < p ≤ 100.
   */
  percentile(p: number): number | null {
    return this.#percentilesOf([parsePercentile(p)])[0] ?? null;
  }

  /** The configured percentiles, in their configured order. */
  percentiles(): Record<`p${number}`, number | null> {
    const { percentiles } = this.#layout;
    const values = this.#percentilesOf(percentiles);
    const results: Record<`p${number}`, number | null> = {};
    percentiles.forEach(({ name }, index) => {
      results[name] = values[index] ?? null;
    });
    return results;
  }

  p50(): number | null {
    return this.percentile(50);
  }

  p95(): number | null {
    return this.percentile(95);
  }

  p99(): number | null {
    return this.percentile(99);
  }

  /** The enabled aggregates, always in the same order. Changes nothing. */
  results(): MetricResults {
    const { aggregates } = this.#layout.spec;
    const results: Mutable<MetricResults> = {};
    if (aggregates.has('count')) results.count = this.#count;
    if (aggregates.has('sum')) {
      results.sum = this.sum;
      if (this.overflow) results.overflow = true;
    }
    if (aggregates.has('average')) results.average = this.average();
    if (aggregates.has('min')) results.min = this.min;
    if (aggregates.has('max')) results.max = this.max;
    if (aggregates.has('stddev')) results.stddev = this.standardDeviation();
    if (aggregates.has('stddev_sample')) results.stddev_sample = this.sampleStandardDeviation();
    return Object.assign(results, this.percentiles());
  }

  clone(): MetricAccumulator {
    const copy = new MetricAccumulator(this.#layout.spec);
    copy.#count = this.#count;
    copy.#level = this.#level;
    copy.#sum = this.#sum?.clone() ?? null;
    copy.#extremes = this.#extremes?.clone() ?? null;
    copy.#moments = this.#moments?.clone() ?? null;
    copy.#percentiles = this.#percentiles?.clone() ?? null;
    return copy;
  }

  /** Bytes held, estimated. */
  sizeBytes(): number {
    return 560 + (this.#percentiles?.sizeBytes() ?? 0);
  }

  /** All that is held, as bytes: {@link MetricAccumulator.decode} goes on from exactly here. */
  encode(): Uint8Array {
    const size = this.sizeBytes();
    const writer = size <= MAX_SHARED_BYTES ? sharedWriter : new ByteWriter(size);
    this.write(writer);
    return writer.finish();
  }

  /** Writes what {@link MetricAccumulator.encode} gives among other things. */
  write(writer: ByteWriter): void {
    writer.byte(FORMAT_VERSION);
    writer.byte(this.#level);
    writer.whole(this.#count);
    this.#sum?.encode(writer);
    this.#extremes?.encode(writer);
    this.#moments?.encode(writer);
    this.#percentiles?.encode(writer);
  }

  /**
   * The accumulator that `bytes` were made of.
   * @throws ProcessorError ACCUMULATOR_CORRUPT for anything else.
   */
  static decode(bytes: Uint8Array, spec: AggregationSpec): MetricAccumulator {
    const reader: ByteReader = new ByteReader(bytes);
    const accumulator = MetricAccumulator.read(reader, spec);
    reader.end();
    return accumulator;
  }

  /**
   * The accumulator that {@link MetricAccumulator.write} wrote.
   * @throws ProcessorError ACCUMULATOR_CORRUPT for anything else.
   */
  static read(reader: ByteReader, spec: AggregationSpec): MetricAccumulator {
    const accumulator = new MetricAccumulator(spec);
    const { holdsSum, holdsExtremes, holdsMoments, bins } = accumulator.#layout;
    const version = reader.byte();
    reader.expect(version === FORMAT_VERSION, `format version ${String(version)}`);
    const level = reader.byte();
    reader.expect(level === 0 || level === 1 || level === 2, `scale ${String(level)}`);
    const count = reader.whole();
    accumulator.#level = level;
    accumulator.#count = count;
    if (holdsSum) accumulator.#sum = CompensatedSum.decode(reader);
    if (holdsExtremes) accumulator.#extremes = Extremes.decode(reader, count);
    if (holdsMoments) accumulator.#moments = Moments.decode(reader);
    if (bins !== null) {
      accumulator.#percentiles = PercentileValues.decode(reader, spec.percentileMethod, bins, count);
    }
    return accumulator;
  }

  #percentilesOf(percentiles: readonly Percentile[]): readonly (number | null)[] {
    const held = this.#percentiles;
    if (held === null || this.#count === 0 || percentiles.length === 0) return [];
    const valueAt = held.byRank();
    const min = this.#extremes?.min ?? -Infinity;
    const max = this.#extremes?.max ?? Infinity;
    return percentiles.map((percentile) => {
      const value = valueAt(nearestRank(percentile, this.#count));
      return Math.min(max, Math.max(min, value));
    });
  }

  #makeRoomFor(value: number): void {
    if (!Number.isFinite(value)) {
      throw new ProcessorError('aggregation', 'VALUE_NOT_FINITE', `${String(value)} is not a finite number`);
    }
    while (Math.abs(value) >= LIMITS[this.#level]) this.#raise();
  }

  #raise(): void {
    this.#level = this.#level === 0 ? 1 : 2;
    this.#sum?.scale(STEP);
    this.#moments?.scale(STEP);
  }

  #unscaled(value: number): number {
    return value / SCALES[this.#level];
  }
}

/** For numbers that are within the range of a double, but for the last rounding. */
function withinRange(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}
