import type { ResultsJson } from '../oracle/aggregates.ts';
import type { OracleConfig, OracleEvent, Span, Step, WindowDefinition } from '../oracle/model.ts';
import type { LateJson, ResultJson } from '../oracle/result-json.ts';
import { NaiveAccumulator, naiveResults } from './naive-aggregates.ts';
import { RIGHT_RULES, type NaiveRules, type PartitionView } from './naive-rules.ts';
import type { Case, Observed, Subject } from './subject.ts';

interface Open {
  readonly definition: WindowDefinition;
  readonly key: OracleEvent['key'];
  readonly keyText: string;
  readonly span: Span;
  readonly accumulators: readonly NaiveAccumulator[];
  elements: number;
  unfired: number;
  panes: number;
  fired: boolean;
  due: boolean;
  last: ResultsJson | undefined;
  owed: Open[];
}

/** A streaming engine without any cleverness: one map of windows, accumulators that grow. For proving the harness. */
export function naiveSubject(name: string, faults: Partial<NaiveRules> = {}): Subject {
  const rules = { ...RIGHT_RULES, ...faults };
  return {
    name,
    followsSteps: true,
    run(given: Case): Observed {
      const run = new NaiveRun(given, rules);
      for (const step of given.steps) run.apply(step);
      return run.observed();
    },
  };
}

interface MutablePartition {
  watermark: number;
  state: PartitionView['state'];
}

class NaiveRun {
  readonly #config: OracleConfig;
  readonly #rules: NaiveRules;
  readonly #partitions = new Map<string, MutablePartition>();
  readonly #open = new Set<Open>();
  readonly #results: ResultJson[] = [];
  readonly #late: LateJson[] = [];
  readonly #counts = { assigned: 0, onTime: 0, outOfOrder: 0, acceptedLate: 0, droppedLate: 0, unassigned: 0, read: 0 };
  #watermark = -Infinity;

  constructor({ config, partitions }: Case, rules: NaiveRules) {
    this.#config = config;
    this.#rules = rules;
    for (const { id } of partitions) this.#partitions.set(id, { watermark: -Infinity, state: 'active' });
  }

  observed(): Observed {
    const { read } = this.#counts;
    const counters = { ...this.#counts, decoded: read, rejected: 0, fired: this.#results.length };
    return { results: this.#results, late: this.#late, counters };
  }

  apply(step: Step): void {
    const partition = this.#partitions.get(step.partition);
    if (partition === undefined || step.type === 'watermark') throw new Error(`cannot apply ${JSON.stringify(step)}`);
    if (step.type === 'events') {
      for (const event of this.#rules.ofBatch(step.events)) this.#ingest(step.partition, partition, event);
    } else partition.state = step.type === 'idle' ? 'idle' : 'finished';
    if (partition.state === 'returning' && partition.watermark >= this.#watermark) partition.state = 'active';
    this.#watermark = Math.max(this.#watermark, this.#rules.combine([...this.#partitions.values()]));
    this.#fireDue();
  }

  #ingest(id: string, partition: MutablePartition, event: OracleEvent): void {
    const assigned = this.#counts.assigned;
    for (const definition of this.#config.windows) {
      for (const span of this.#assign(definition, event.timestamp)) {
        this.#offer(definition, span, event, id, partition.watermark);
      }
    }
    this.#counts.read += 1;
    if (this.#counts.assigned === assigned) this.#counts.unassigned += 1;
    partition.watermark = Math.max(partition.watermark, event.timestamp - (this.#config.outOfOrderness ?? Infinity));
    if (partition.state === 'idle') partition.state = 'returning';
  }

  #assign(definition: WindowDefinition, at: number): readonly Span[] {
    if (definition.type === 'session') return [{ start: at, end: at + definition.gap }];
    const { size, offset } = definition;
    const slide = definition.type === 'sliding' ? definition.slide : size;
    const spans: Span[] = [];
    let start = this.#rules.lastStart(at, slide, offset);
    while (this.#rules.holds({ start, end: start + size }, at)) {
      spans.unshift({ start, end: start + size });
      start -= slide;
    }
    return spans;
  }

  #offer(definition: WindowDefinition, alone: Span, event: OracleEvent, id: string, own: number): void {
    const { allowedLateness } = definition;
    const keyText = this.#rules.keyText(event.key);
    const mine = [...this.#open].filter((open) => open.definition === definition && open.keyText === keyText);
    const joined = mine.filter((open) =>
      definition.type === 'session'
        ? this.#rules.touch(open.span, alone) && !this.#rules.isOver(own, open.span.end, allowedLateness)
        : open.span.start === alone.start,
    );
    const span = {
      start: Math.min(alone.start, ...joined.map((open) => open.span.start)),
      end: Math.max(alone.end, ...joined.map((open) => open.span.end)),
    };
    this.#counts.assigned += 1;
    const closedBy = this.#judge(definition, span, event, own);
    if (closedBy === undefined) this.#add(definition, span, keyText, event, joined);
    else this.#drop(span, keyText, event, id, closedBy);
  }

  /** Counts the event; the watermark that closed the window to it, if one has. */
  #judge({ allowedLateness }: WindowDefinition, span: Span, event: OracleEvent, own: number): number | undefined {
    const judge = this.#rules.judgedBy(own, this.#watermark);
    const tolerated =
      this.#config.lateRule === 'window'
        ? span.end > judge - allowedLateness
        : this.#rules.toleratesEvent(event.timestamp, judge, allowedLateness);
    if (judge >= span.end && !tolerated) return judge;
    if (this.#rules.isOver(this.#watermark, span.end, allowedLateness)) return this.#watermark;
    const outcome = judge >= span.end ? 'acceptedLate' : event.timestamp >= judge ? 'onTime' : 'outOfOrder';
    this.#counts[outcome] += 1;
    return undefined;
  }

  #drop(span: Span, keyText: string, event: OracleEvent, partition: string, watermark: number): void {
    this.#counts.droppedLate += 1;
    this.#late.push({
      source: { partition, offset: event.offset },
      window: { ...isoSpan(span), key: event.key === null ? null : keyText },
      watermark: new Date(watermark).toISOString(),
      lateness_ms: watermark - event.timestamp,
    });
  }

  #add(definition: WindowDefinition, span: Span, keyText: string, event: OracleEvent, joined: readonly Open[]): void {
    const same = joined.find((open) => open.span.start === span.start && open.span.end === span.end);
    const target = same ?? this.#openWindow(definition, span, keyText, event);
    for (const open of joined) if (open !== target) this.#absorb(target, open);
    this.#open.add(target);
    target.elements += 1;
    target.unfired += 1;
    target.due = true;
    target.accumulators.forEach((accumulator, index) => {
      const value = event.values[index] ?? null;
      if (value !== null) accumulator.add(value);
    });
    const { fireEvery } = definition;
    if (fireEvery !== undefined && target.unfired >= fireEvery && this.#watermark < span.end)
      this.#fire(target, 'early');
  }

  #openWindow(definition: WindowDefinition, span: Span, keyText: string, { key }: OracleEvent): Open {
    const accumulators = this.#config.metrics.map(() => new NaiveAccumulator());
    const nothing = { elements: 0, unfired: 0, panes: 0, fired: false, due: false, last: undefined };
    return { definition, key, keyText, span, accumulators, ...nothing, owed: [] };
  }

  #absorb(target: Open, open: Open): void {
    this.#open.delete(open);
    target.elements += open.elements;
    target.unfired += open.unfired;
    target.accumulators.forEach((accumulator, index) => {
      const other = open.accumulators[index];
      if (other !== undefined) accumulator.addAll(other);
    });
    target.owed.push(...open.owed);
    if (open.panes > 0) target.owed.push(open);
  }

  #fireDue(): void {
    const due = [...this.#open].filter((open) => open.span.end <= this.#watermark && (open.due || !open.fired));
    due.sort((a, b) => a.span.end - b.span.end || a.span.start - b.span.start || (a.keyText < b.keyText ? -1 : 1));
    for (const open of due) {
      this.#fire(open, open.fired ? 'late' : 'on_time');
      open.fired = true;
      open.due = false;
    }
    for (const open of this.#open) if (this.#isOver(open)) this.#open.delete(open);
  }

  #isOver({ span, definition }: Open): boolean {
    return this.#rules.isOver(this.#watermark, span.end, definition.allowedLateness);
  }

  #fire(open: Open, timing: 'early' | 'on_time' | 'late'): void {
    for (const gone of open.owed) {
      if (this.#rules.retracts(gone.definition)) this.#emit(gone, gone.last ?? {}, 'retraction');
    }
    open.owed = [];
    open.last = naiveResults(this.#config, open.elements, open.accumulators, this.#rules.rank);
    this.#emit(open, open.last, timing);
    open.unfired = 0;
  }

  #isFinal({ definition }: Open, timing: ResultJson['pane']['timing']): boolean {
    if (timing === 'early') return false;
    return timing === 'retraction' || definition.allowedLateness === 0 || this.#watermark === Infinity;
  }

  #emit(open: Open, results: ResultsJson, timing: ResultJson['pane']['timing']): void {
    const { definition, span, keyText, key } = open;
    const index = this.#rules.nextPane(open.panes, timing);
    open.panes += 1;
    const { pipeline } = this.#config;
    this.#results.push({
      id: `${pipeline}/${definition.name}/${keyText}/${String(span.start)}/${String(span.end)}/${String(index)}`,
      pipeline,
      window: { type: definition.type, ...isoSpan(span), key: key === null ? null : keyText },
      key: key === null ? null : Object.fromEntries(key),
      results,
      pane: { index, timing, final: this.#isFinal(open, timing) },
    });
  }
}

function isoSpan({ start, end }: Span): { readonly start: string; readonly end: string } {
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
}
