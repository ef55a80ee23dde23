/** Bits of a double's mantissa that stand in its high word. */
const MANTISSA_BITS = 20;
const ONE = 2 ** MANTISSA_BITS;
const MANTISSA_MASK = ONE - 1;
const MIN_NORMAL = 2 ** -1022;
/** Share of α that is kept back for rounding: of the estimate, and of bounds to whole steps. */
const RESERVE = 2 ** -9;

// A double and its two words, to read the exponent and mantissa off a double without a logarithm.
const double = new Float64Array(1);
const words = new Int32Array(double.buffer);
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/**
 * The bins of a sketch of relative accuracy α: numbers ("keys") in the order of the values they hold, negative ones
 * for negative values, 0 for zero. All values x of a bin lie within α·|x| of the bin's one estimate.
 *
 * Where DDSketch takes a logarithm, this divides every octave [2^e, 2^(e+1)) alike, at bounds b₀ = 1, bᵢ₊₁ = γ·bᵢ
 * (the last bin is cut at 2), γ ≤ (1 + α)/(1 − α). Bounds are whole multiples of 2^-20, so that a double's high
 * word alone decides, in integers: no rounding can put a value beyond its bin, and a key means the same everywhere.
 * Near the end of the subnormal numbers, which lie too far apart for an estimate between them, each has its own bin.
 */
export class SketchBins {
  /** No key is further from 0. */
  readonly maxKey: number;
  readonly #perOctave: number;
  /** Lower bounds of the bins of an octave, and its end. */
  readonly #bounds: Int32Array;
  /** By the first bits of the mantissa: the first bin that reaches so far. */
  readonly #firstBins: Int32Array;
  readonly #slotShift: number;
  /** Keys below are counts of the smallest subnormal number. */
  readonly #ownKeys: number;
  /** Key of the first bin at the (biased) exponent 0. */
  readonly #base: number;

  /** `relativeAccuracy`: 1e-5 ≤ α < 1. */
  constructor(relativeAccuracy: number) {
    const bounds = octaveBounds(relativeAccuracy * (1 - RESERVE));
    this.#bounds = Int32Array.from(bounds);
    this.#perOctave = bounds.length - 1;
    const slotBits = Math.min(MANTISSA_BITS, Math.ceil(Math.log2(this.#perOctave)) + 2);
    this.#slotShift = MANTISSA_BITS - slotBits;
    this.#firstBins = new Int32Array(2 ** slotBits);
    let bin = 0;
    for (let slot = 0; slot < this.#firstBins.length; slot += 1) {
      const start = ONE + slot * 2 ** this.#slotShift;
      while ((bounds[bin + 1] ?? Infinity) <= start) bin += 1;
      this.#firstBins[slot] = bin;
    }
    // From there on, half a step of the subnormal numbers is within the reserve.
    const ownBits = Math.ceil(Math.log2(0.5 / (relativeAccuracy * RESERVE)));
    this.#ownKeys = 2 ** ownBits;
    this.#base = this.#ownKeys - (ownBits - 51) * this.#perOctave;
    this.maxKey = this.#base + 2047 * this.#perOctave - 1;
  }

  /** The bin of a finite value. Equal values have equal keys, and a greater value never a lesser key. */
  keyOf(value: number): number {
    const magnitude = Math.abs(value);
    const key = magnitude >= MIN_NORMAL ? this.#normalKey(magnitude) : this.#subnormalKey(magnitude);
    return value < 0 ? -key : key;
  }

  #normalKey(magnitude: number): number {
    double[0] = magnitude;
    const high = words[HIGH] ?? 0;
    const mantissa = ONE | (high & MANTISSA_MASK);
    let bin = this.#firstBins[(high & MANTISSA_MASK) >>> this.#slotShift] ?? 0;
    while (mantissa >= (this.#bounds[bin + 1] ?? 0)) bin += 1;
    return this.#base + (high >>> MANTISSA_BITS) * this.#perOctave + bin;
  }

  #subnormalKey(magnitude: number): number {
    const steps = magnitude * 2 ** 537 * 2 ** 537;
    return steps < this.#ownKeys ? steps : this.#normalKey(magnitude * 2 ** 52) - 52 * this.#perOctave;
  }

  /** The value that stands for all of a bin. */
  estimateOf(key: number): number {
    const magnitude = this.#estimate(Math.abs(key));
    return key < 0 ? -magnitude : magnitude;
  }

  #estimate(key: number): number {
    if (key < this.#ownKeys) return key * Number.MIN_VALUE;
    const exponent = Math.floor((key - this.#base) / this.#perOctave);
    const bin = key - this.#base - exponent * this.#perOctave;
    const low = this.#bounds[bin] ?? 0;
    const high = this.#bounds[bin + 1] ?? 0;
    // The harmonic mean: as far from either bound, in relation to it.
    const mantissa = ((low / ONE) * 2 * high) / (low + high);
    return exponent >= 1 ? mantissa * powerOfTwo(exponent) : mantissa * powerOfTwo(exponent + 52) * 2 ** -52;
  }
}

/** Bounds between 1 and 2, in steps of 2^-20, no two neighbors further apart than a bin of accuracy α may be wide. */
function octaveBounds(alpha: number): number[] {
  const gamma = (1 + alpha) / (1 - alpha);
  const bounds: number[] = [];
  for (let bound = ONE; bound < 2 * ONE; bound = Math.floor(bound * gamma)) bounds.push(bound);
  return [...bounds, 2 * ONE];
}

/** 2^(exponent − 1023) for 1 ≤ exponent ≤ 2046, exactly. */
function powerOfTwo(exponent: number): number {
  words[HIGH] = exponent << MANTISSA_BITS;
  words[1 - HIGH] = 0;
  return double[0] ?? 0;
}
