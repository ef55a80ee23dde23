import { Counter, Gauge, type Registry } from 'prom-client';
import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { AggregationResult } from '../../results/aggregation-result.ts';
import type { Clock } from '../../time/clock.ts';
import { parseDuration, type Duration } from '../../time/duration.ts';
import type { Millis } from '../../time/instant.ts';
import { aggregatesOf } from '../metric-aggregates.ts';
import type { EventSink, SinkContext } from '../event-sink.ts';
import { sinkFailed } from '../sink-error.ts';
import { NameTable, sanitize, sanitizeLabel } from './metric-names.ts';

const DROPPED = 'label_sets_dropped_total';
/** A key that has events in each window is reported this often before it counts as gone. */
const WINDOWS_UNTIL_STALE = 3;
const LEAST_UNTIL_STALE_MS = 300_000;

/** Names of what a {@link MetricsSink} exposes, and how much of it. */
export interface MetricsSinkOptions {
  /** First part of every name. Default `processor_result`. */
  readonly prefix?: string;
  /** The most label sets (window definition and key) exposed at a time. Default 1,000. */
  readonly maxLabelSets?: number;
  /**
   * How long a label set is exposed after its last result: what is not reported any more is not to look as if it were. Default:
   * three times the length of its window, and at least five minutes.
   */
  readonly staleAfter?: Duration;
}

type Labels = Readonly<Record<string, string>>;

/** The latest aggregates of one window definition and key. */
interface LabelSet {
  readonly labels: Labels;
  readonly start: number;
  readonly end: number;
  /** By the name of the gauge. */
  readonly values: ReadonlyMap<string, number>;
  /** From when on it is not exposed any more, by the monotonic clock. */
  readonly staleAt: number;
}

/** A gauge whose samples are looked up when it is scraped. */
class LookupGauge extends Gauge {
  readonly #lookUp: () => { value: number; labels: Labels }[];

  constructor(name: string, help: string, registry: Registry, lookUp: () => { value: number; labels: Labels }[]) {
    super({ name, help, registers: [registry] });
    this.#lookUp = lookUp;
  }

  override async get(): ReturnType<Gauge['get']> {
    return { ...(await super.get()), values: this.#lookUp() };
  }
}

/**
 * Exposes the latest aggregates as gauges of Prometheus, `<prefix>_<metric>_<aggregate>`, labelled with the window
 * definition and the fields of the key: `processor_result_latency_ms_p95{window="tumbling",model="gpt-4"}`. Of a window
 * definition and key the window that ends last is shown; a late update of an earlier one changes nothing, a retraction
 * removes what it retracts, and what is not reported any more goes after a while. At most `maxLabelSets` are held; the one updated
 * longest ago makes room, and is counted in `<prefix>_label_sets_dropped_total`. The gauges stay when the run has ended, so
 * that its last results can be scraped.
 */
export class MetricsSink implements EventSink<AggregationResult<object>> {
  readonly name = 'metrics';
  readonly #registry: Registry;
  readonly #prefix: string;
  readonly #maxLabelSets: number;
  /** In the order of their last update, which is the order of a Map when entries are deleted before they are set. */
  readonly #sets = new Map<string, LabelSet>();
  readonly #gauges = new Set<string>();
  readonly #gaugeNames = new NameTable([DROPPED]);
  readonly #labelNames = new NameTable(['window', 'le', 'quantile']);
  readonly #staleAfterMs: Millis | undefined;
  #dropped: Counter | undefined;
  #clock: Clock | undefined;

  /** @throws ProcessorError CONFIG_INVALID for a prefix that Prometheus does not take, or a bound below 1; DURATION_INVALID. */
  constructor(registry: Registry, options: MetricsSinkOptions = {}) {
    const { prefix = 'processor_result', maxLabelSets = 1000 } = options;
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(prefix)) {
      throw invalid(`the prefix of a metrics sink is made of letters, digits and "_", found ${JSON.stringify(prefix)}`);
    }
    if (!(Number.isInteger(maxLabelSets) && maxLabelSets > 0)) {
      throw invalid(`maxLabelSets is a whole number above 0, found ${String(maxLabelSets)}`);
    }
    this.#registry = registry;
    this.#prefix = prefix;
    this.#maxLabelSets = maxLabelSets;
    this.#staleAfterMs = options.staleAfter === undefined ? undefined : parseDuration(options.staleAfter, 'staleAfter');
  }

  /** @throws ProcessorError SINK_FAILED where the registry has metrics of these names from elsewhere. */
  open({ clock }: SinkContext): void {
    this.#clock = clock;
    this.#sets.clear();
    this.#dropped ??= this.#registered(
      () =>
        new Counter({
          name: `${this.#prefix}_${DROPPED}`,
          help: 'Label sets left out of the gauges of results to keep within their bound.',
          registers: [this.#registry],
        }),
    );
  }

  sendBatch(results: readonly AggregationResult<object>[]): void {
    for (const result of results) this.#take(result);
  }

  #take(result: AggregationResult<object>): void {
    const { windowName, window, pane } = result;
    const id = JSON.stringify([windowName, window.key?.toString() ?? null]);
    const shown = this.#sets.get(id);
    if (pane.timing === 'retraction') {
      if (shown?.start === window.start && shown.end === window.end) this.#sets.delete(id);
      return;
    }
    if (shown !== undefined && (shown.end > window.end || (shown.end === window.end && shown.start > window.start)))
      return;
    this.#sets.delete(id);
    this.#sets.set(id, {
      labels: this.#labelsOf(result),
      start: window.start,
      end: window.end,
      values: this.#valuesOf(result),
      staleAt: this.#now() + (this.#staleAfterMs ?? staleAfterMs(window.end - window.start)),
    });
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (const oldest of this.#sets.keys()) {
      if (this.#sets.size <= this.#maxLabelSets) return;
      this.#sets.delete(oldest);
      this.#dropped?.inc();
    }
  }

  #labelsOf({ windowName, window }: AggregationResult<object>): Labels {
    const labels: [string, string][] = [['window', windowName]];
    // A label without a value and a label that is not there are the same to Prometheus: a missing field needs none.
    for (const [name, value] of window.key?.fields ?? []) {
      if (value !== null)
        labels.push([this.#labelNames.nameOf(name, sanitizeLabel(name)), value.replace(/\p{Cs}/gu, '\ufffd')]);
    }
    return Object.fromEntries(labels);
  }

  #valuesOf(result: AggregationResult<object>): ReadonlyMap<string, number> {
    const values = new Map<string, number>();
    for (const { metric, aggregates } of aggregatesOf(result.results)) {
      for (const [aggregate, value] of aggregates) {
        if (value !== null) values.set(this.#gaugeOf(metric, aggregate), value);
      }
    }
    return values;
  }

  /** Name of the gauge of one aggregate of one metric; made when its first value comes. */
  #gaugeOf(metric: string | null, aggregate: string): string {
    const wanted = sanitize(metric === null ? aggregate : `${metric}_${aggregate}`);
    const name = this.#gaugeNames.nameOf(JSON.stringify([metric, aggregate]), wanted);
    if (this.#gauges.has(name)) return name;
    const gauge = `${this.#prefix}_${name}`;
    const help = `${aggregate}${metric === null ? '' : ` of ${metric}`} in the latest window.`;
    this.#registered(() => new LookupGauge(gauge, help, this.#registry, () => this.#samplesOf(name)));
    this.#gauges.add(name);
    return name;
  }

  #samplesOf(name: string): { value: number; labels: Labels }[] {
    const samples = [];
    const now = this.#now();
    for (const [id, { labels, values, staleAt }] of this.#sets) {
      if (staleAt <= now) this.#sets.delete(id);
      const value = staleAt <= now ? undefined : values.get(name);
      if (value !== undefined) samples.push({ value, labels });
    }
    return samples;
  }

  #now(): number {
    return this.#clock?.monotonic() ?? 0;
  }

  #registered<M>(make: () => M): M {
    try {
      return make();
    } catch (error) {
      throw sinkFailed(`${messageOf(error)} Give the metrics sink a prefix of its own.`, error);
    }
  }
}

function staleAfterMs(windowMs: Millis): Millis {
  return Math.max(WINDOWS_UNTIL_STALE * windowMs, LEAST_UNTIL_STALE_MS);
}

function invalid(message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message);
}
