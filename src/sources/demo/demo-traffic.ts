import { present } from '../../errors/assert.ts';
import type { Instant, Millis } from '../../time/instant.ts';
import { MODELS, REGIONS, type ModelProfile, type RegionProfile } from './model-profiles.ts';
import { CounterRandom } from './random.ts';
import { TrafficRate } from './traffic-rate.ts';

const LATE_SHARE = 0.003;
const BROKEN_SHARE = 0.001;
const RATED_SHARE = 0.2;
/** How much later than the ordinary disorder a late event is: at least, and further on average. */
const LATE_MS = 30_000;
const LATE_MEAN_MS = 60_000;
const TENANTS = ['acme', 'globex', 'initech', 'umbrella', 'hooli', 'stark', 'wayne', 'soylent'];

/** Everything that the events of {@link DemoTraffic} depend on, besides their number. */
export interface DemoTrafficOptions {
  readonly seed: number;
  /** Number of (model, region) pairs in use. */
  readonly keys: number;
  readonly eventsPerSec: number;
  readonly disorderMs: Millis;
  /** Event time of the first event. */
  readonly startAt: Instant;
}

interface Pair {
  readonly model: ModelProfile;
  readonly modelName: string;
  readonly region: RegionProfile;
}

/**
 * Traffic of language models that looks like the real thing: event `k` is a line of JSON and a pure function of the
 * options and k. Some of it is out of order, a little is late, a little is broken, as in the real thing.
 */
export class DemoTraffic {
  readonly #options: DemoTrafficOptions;
  readonly #random: CounterRandom;
  readonly #rate: TrafficRate;
  readonly #pairs: readonly Pair[];
  /** Running sums of the pairs' weights. */
  readonly #weights: readonly number[];

  constructor(options: DemoTrafficOptions) {
    this.#options = options;
    this.#random = new CounterRandom(options.seed);
    this.#rate = new TrafficRate(options.eventsPerSec, options.startAt);
    this.#pairs = Array.from({ length: options.keys }, (_, index) => pairOf(index));
    let sum = 0;
    this.#weights = this.#pairs.map(({ model, region }) => (sum += model.weight * region.weight));
  }

  /** Time from the start at which event `k` arrives, in ms. */
  arrivalMs(k: number): Millis {
    return this.#rate.elapsedAt(k);
  }

  /** Event `k` as JSON, without a line feed; all of it ASCII. */
  line(k: number): string {
    const random = this.#random;
    random.at(k);
    const arrival = this.#options.startAt + this.#rate.elapsedAt(k);
    const { model, modelName, region } = this.#pair(arrival);
    const timestamp = new Date(Math.floor(arrival - this.#delayMs())).toISOString();
    const tenant = TENANTS[Math.floor(TENANTS.length * random.uniform() ** 2)];
    const failed = random.chance(model.errorRate);
    const prompt = Math.max(1, Math.round(model.tokens.prompt * Math.exp(0.8 * random.normal())));
    const completion = failed ? 0 : Math.max(1, Math.round(model.tokens.completion * Math.exp(0.7 * random.normal())));
    const thinking = model.latency.medianMs * Math.exp(model.latency.spread * random.normal());
    const latency = ((thinking + completion * model.latency.perTokenMs) * region.latencyFactor).toFixed(1);
    const cost = ((prompt * model.price.prompt + completion * model.price.completion) / 1e6).toFixed(6);
    const rating = random.chance(RATED_SHARE) && !failed ? `,"rating":${String(this.#rating(model))}` : '';
    const status = failed ? `"error","error":"${random.chance(0.6) ? 'rate_limited' : 'timeout'}"` : '"ok"';
    const line =
      `{"timestamp":"${timestamp}","event_id":"demo-${String(k)}","model":"${modelName}","region":"${region.name}",` +
      `"tenant":"${tenant}","latency_ms":${latency},"prompt_tokens":${String(prompt)},` +
      `"completion_tokens":${String(completion)},"cost_usd":${cost}${rating},"status":${status}}`;
    return random.chance(BROKEN_SHARE) ? this.#broken(line) : line;
  }

  /** A pair by weight; a region's weight swings with the hour there. */
  #pair(at: Instant): Pair {
    const random = this.#random;
    const total = this.#weights.at(-1) ?? 0;
    for (let attempt = 0; ; attempt += 1) {
      const drawn = random.uniform() * total;
      let index = 0;
      while (index < this.#weights.length - 1 && (this.#weights[index] ?? 0) <= drawn) index += 1;
      const pair = present(this.#pairs[index], 'a pair');
      const hour = ((at / 3_600_000) % 24) - pair.region.peakHour;
      if (attempt === 8 || random.chance(0.6 + 0.4 * Math.cos((hour * Math.PI) / 12))) return pair;
    }
  }

  /** How long before its arrival the event happened: mostly a little, up to the disorder; seldom far more. */
  #delayMs(): Millis {
    const random = this.#random;
    const { disorderMs } = this.#options;
    if (random.chance(LATE_SHARE)) return disorderMs + LATE_MS + LATE_MEAN_MS * random.exponential();
    return Math.min(disorderMs, (disorderMs / 6) * random.exponential());
  }

  #rating(model: ModelProfile): number {
    return Math.min(5, Math.max(1, Math.round(model.rating + 0.9 * this.#random.normal())));
  }

  /** One of the ways in which events go wrong on their way. */
  #broken(line: string): string {
    const random = this.#random;
    switch (random.uint32() % 5) {
      case 0:
        return line.slice(0, 20 + Math.floor(random.uniform() * (line.length - 40)));
      case 1:
        return line.replace(/"timestamp":"[^"]*",/, '');
      case 2:
        return line.replace(/"latency_ms":[0-9.]+/, '"latency_ms":"fast"');
      case 3:
        return line.replace(/"timestamp":"[^"]*"/, '"timestamp":"yesterday"');
      default:
        return 'upstream connect error or disconnect/reset before headers';
    }
  }
}

/** Each model first in the first region, then in the second, and so on; then further versions of the models. */
function pairOf(index: number): Pair {
  const round = Math.floor(index / MODELS.length);
  const version = Math.floor(round / REGIONS.length);
  const model = present(MODELS[index % MODELS.length], 'a model');
  const region = present(REGIONS[round % REGIONS.length], 'a region');
  return { model, region, modelName: version === 0 ? model.name : `${model.name}-v${String(version + 1)}` };
}

/**
 * Event `k` of the demo with the settings it has by default, as a line of JSON: the same for the same seed and k,
 * everywhere. Its event time is that of a stream of 1,000 events a second that began at `startAt`.
 */
export function demoEvent(seed: number, k: number, startAt: Instant = 0): string {
  return new DemoTraffic({ seed, keys: 20, eventsPerSec: 1000, disorderMs: 5000, startAt }).line(k);
}
