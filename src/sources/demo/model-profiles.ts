/** How a model behaves in the demo: roughly as such models did in 2025. */
export interface ModelProfile {
  readonly name: string;
  /** How often it is used, against the others. */
  readonly weight: number;
  /** Median time to the first token, the deviation of its logarithm, and what each token of the answer adds. */
  readonly latency: { readonly medianMs: number; readonly spread: number; readonly perTokenMs: number };
  /** Median number of tokens. */
  readonly tokens: { readonly prompt: number; readonly completion: number };
  /** US dollars for a million tokens. */
  readonly price: { readonly prompt: number; readonly completion: number };
  /** Share of requests that fail. */
  readonly errorRate: number;
  /** Mean rating, of 5. */
  readonly rating: number;
}

/** The models of the demo. */
export const MODELS: readonly ModelProfile[] = [
  {
    name: 'gpt-4o',
    weight: 26,
    latency: { medianMs: 480, spread: 0.45, perTokenMs: 12 },
    tokens: { prompt: 900, completion: 260 },
    price: { prompt: 2.5, completion: 10 },
    errorRate: 0.006,
    rating: 4.3,
  },
  {
    name: 'gpt-4o-mini',
    weight: 24,
    latency: { medianMs: 330, spread: 0.4, perTokenMs: 8 },
    tokens: { prompt: 700, completion: 220 },
    price: { prompt: 0.15, completion: 0.6 },
    errorRate: 0.004,
    rating: 3.9,
  },
  {
    name: 'claude-sonnet-4',
    weight: 20,
    latency: { medianMs: 620, spread: 0.42, perTokenMs: 14 },
    tokens: { prompt: 1500, completion: 380 },
    price: { prompt: 3, completion: 15 },
    errorRate: 0.005,
    rating: 4.5,
  },
  {
    name: 'claude-haiku-4',
    weight: 12,
    latency: { medianMs: 300, spread: 0.38, perTokenMs: 7 },
    tokens: { prompt: 900, completion: 240 },
    price: { prompt: 0.8, completion: 4 },
    errorRate: 0.004,
    rating: 4.1,
  },
  {
    name: 'claude-opus-4',
    weight: 4,
    latency: { medianMs: 1100, spread: 0.5, perTokenMs: 24 },
    tokens: { prompt: 1800, completion: 520 },
    price: { prompt: 15, completion: 75 },
    errorRate: 0.008,
    rating: 4.6,
  },
  {
    name: 'gemini-2.5-pro',
    weight: 6,
    latency: { medianMs: 750, spread: 0.5, perTokenMs: 13 },
    tokens: { prompt: 1300, completion: 420 },
    price: { prompt: 1.25, completion: 10 },
    errorRate: 0.009,
    rating: 4.3,
  },
  {
    name: 'llama-3.3-70b',
    weight: 5,
    latency: { medianMs: 420, spread: 0.6, perTokenMs: 18 },
    tokens: { prompt: 800, completion: 300 },
    price: { prompt: 0.6, completion: 0.7 },
    errorRate: 0.015,
    rating: 3.8,
  },
  {
    name: 'mistral-large',
    weight: 3,
    latency: { medianMs: 510, spread: 0.55, perTokenMs: 16 },
    tokens: { prompt: 750, completion: 280 },
    price: { prompt: 2, completion: 6 },
    errorRate: 0.011,
    rating: 3.9,
  },
];

/** A region of the demo. */
export interface RegionProfile {
  readonly name: string;
  readonly weight: number;
  /** Hour of the day, in UTC, at which it is busiest. */
  readonly peakHour: number;
  /** What distance and load make of a latency. */
  readonly latencyFactor: number;
}

/** The regions of the demo. */
export const REGIONS: readonly RegionProfile[] = [
  { name: 'us-east-1', weight: 34, peakHour: 18, latencyFactor: 1 },
  { name: 'eu-west-1', weight: 24, peakHour: 13, latencyFactor: 1.08 },
  { name: 'us-west-2', weight: 22, peakHour: 21, latencyFactor: 1.03 },
  { name: 'ap-south-1', weight: 12, peakHour: 8, latencyFactor: 1.25 },
  { name: 'ap-northeast-1', weight: 8, peakHour: 4, latencyFactor: 1.15 },
];
