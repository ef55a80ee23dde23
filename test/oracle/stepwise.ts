import type { Pane } from '../../src/results/aggregation-result.ts';
import { resultsOf, type ResultsJson } from './aggregates.ts';
import type {
  Counters,
  Drop,
  OracleConfig,
  OracleEvent,
  SessionDefinition,
  Span,
  Step,
  WindowDefinition,
} from './model.ts';
import { byEndStartKey } from './oracle.ts';
import { OracleProgress } from './progress.ts';
import { keyText, resultJson, type KeyedWindow, type ResultJson } from './result-json.ts';
import { hull, judge, overlap, spansAt, type Judgement } from './rules.ts';

/** Everything that one interleaving of the partitions, in these batches, gives. */
export interface StepwiseExpected {
  readonly config: OracleConfig;
  readonly events: number;
  /** In order of emission. */
  readonly panes: readonly StepPane[];
  readonly drops: readonly Drop[];
  readonly counters: Counters;
  /** The pipeline's watermark after each step. */
  readonly watermarks: readonly number[];
}

/** A pane, and the place in the interleaving of the step that fired it. */
export interface StepPane {
  readonly windowName: string;
  readonly step: number;
  readonly json: ResultJson;
}

interface HeldWindow extends KeyedWindow {
  readonly events: readonly OracleEvent[];
  /** Panes fired so far. */
  readonly panes: number;
  /** Elements since the last firing, or, for a merged session, since the last firings of its parts. */
  readonly unfired: number;
  /** True once the watermark has fired it. */
  readonly fired: boolean;
  /** True while an accepted event waits for a further firing. */
  readonly marked: boolean;
  readonly lastResults: ResultsJson | null;
  /** Sessions that this one absorbed after they had fired: retracted before it fires. */
  readonly retractions: readonly HeldWindow[];
}

/** Applies the steps one by one. Plain lists; aggregates are computed afresh from the events at every firing. */
export function oracleStepwise(
  config: OracleConfig,
  partitions: readonly string[],
  steps: readonly Step[],
): StepwiseExpected {
  const run = new Stepwise(config, partitions);
  for (const step of steps) run.apply(step);
  return run.outcome();
}

class Stepwise {
  readonly #config: OracleConfig;
  readonly #progress: OracleProgress;
  #held: readonly HeldWindow[] = [];
  #events = 0;
  #step = 0;
  readonly #panes: StepPane[] = [];
  readonly #drops: Drop[] = [];
  readonly #watermarks: number[] = [];
  readonly #counters: Counters = {
    assigned: 0,
    onTime: 0,
    outOfOrder: 0,
    acceptedLate: 0,
    droppedLate: 0,
    unassigned: 0,
  };

  constructor(config: OracleConfig, partitions: readonly string[]) {
    this.#config = config;
    this.#progress = new OracleProgress(partitions, config.outOfOrderness);
  }

  outcome(): StepwiseExpected {
    return {
      config: this.#config,
      events: this.#events,
      panes: this.#panes,
      drops: this.#drops,
      counters: this.#counters,
      watermarks: this.#watermarks,
    };
  }

  apply(step: Step): void {
    if (step.type === 'events') {
      for (const event of step.events) {
        this.#take(step.partition, event);
        this.#progress.observe(step.partition, event.timestamp);
      }
    } else if (step.type === 'watermark') {
      this.#progress.setWatermark(step.partition, step.at);
    } else {
      this.#progress.setState(step.partition, step.type === 'idle' ? 'idle' : 'finished');
    }
    this.#watermarks.push(this.#progress.advance());
    this.#fireDue();
    this.#purge();
    this.#step += 1;
  }

  #take(partition: string, event: OracleEvent): void {
    this.#events += 1;
    const before = this.#counters.assigned;
    for (const definition of this.#config.windows) {
      if (definition.type === 'session') this.#takeIntoSession(definition, partition, event);
      else {
        for (const span of spansAt(definition, event.timestamp)) {
          this.#takeIntoSpan(definition, span, partition, event);
        }
      }
    }
    if (this.#counters.assigned === before) this.#counters.unassigned += 1;
  }

  #takeIntoSpan(definition: WindowDefinition, span: Span, partition: string, event: OracleEvent): void {
    if (!this.#accept(definition, span, partition, event)) return;
    const parts = this.#heldOf(definition, event).filter(
      (held) => held.span.start === span.start && held.span.end === span.end,
    );
    this.#replace(parts, merged(definition, span, event, parts));
  }

  #takeIntoSession(definition: SessionDefinition, partition: string, event: OracleEvent): void {
    const own = this.#progress.ownWatermark(partition);
    const alone: Span = { start: event.timestamp, end: event.timestamp + definition.gap };
    // A session that the event's own partition has outlived is not joined, even where its state is still held:
    // otherwise the size of the batches would decide.
    const parts = this.#heldOf(definition, event).filter(
      (held) => overlap(held.span, alone) && own < held.span.end + definition.allowedLateness,
    );
    const span = hull([alone, ...parts.map((part) => part.span)]);
    if (!this.#accept(definition, span, partition, event)) return;
    this.#replace(parts, merged(definition, span, event, parts));
  }

  #heldOf(definition: WindowDefinition, event: OracleEvent): readonly HeldWindow[] {
    const text = keyText(event.key);
    return this.#held.filter((held) => held.definition === definition && keyText(held.key) === text);
  }

  #accept(definition: WindowDefinition, span: Span, partition: string, event: OracleEvent): boolean {
    const judgement: Judgement = judge({
      timestamp: event.timestamp,
      end: span.end,
      ownWatermark: this.#progress.ownWatermark(partition),
      watermark: this.#progress.watermark,
      allowedLateness: definition.allowedLateness,
      lateRule: this.#config.lateRule,
    });
    this.#counters.assigned += 1;
    this.#counters[judgement.outcome] += 1;
    if (judgement.outcome !== 'droppedLate') return true;
    this.#drops.push({ windowName: definition.name, partition, event, span, watermark: judgement.watermark });
    return false;
  }

  #replace(parts: readonly HeldWindow[], window: HeldWindow): void {
    const others = this.#held.filter((held) => !parts.includes(held));
    const { fireEvery } = window.definition;
    const open = this.#progress.watermark < window.span.end;
    const early = fireEvery !== undefined && open && window.unfired >= fireEvery;
    this.#held = [...others, early ? this.#fire(window, 'early') : window];
  }

  #fireDue(): void {
    const due = (held: HeldWindow): boolean =>
      this.#progress.watermark >= held.span.end && (!held.fired || held.marked);
    const inOrder = this.#held.filter(due).toSorted(byEndStartKey);
    const others = this.#held.filter((held) => !due(held));
    this.#held = [...others, ...inOrder.map((held) => this.#fire(held, held.fired ? 'late' : 'on_time'))];
  }

  #purge(): void {
    this.#held = this.#held.filter((held) => !this.#isOver(held));
  }

  #isOver({ span, definition }: HeldWindow): boolean {
    return this.#progress.watermark >= span.end + definition.allowedLateness;
  }

  /** Nothing can follow once the input has ended, nor where nothing late is allowed. */
  #isFinal({ definition }: HeldWindow, timing: 'early' | 'on_time' | 'late'): boolean {
    if (timing === 'early') return false;
    return definition.allowedLateness === 0 || this.#progress.watermark === Infinity;
  }

  #fire(held: HeldWindow, timing: 'early' | 'on_time' | 'late'): HeldWindow {
    for (const part of held.retractions.toSorted(byEndStartKey)) {
      if (part.lastResults === null) continue;
      this.#emit(part, part.lastResults, { index: part.panes, timing: 'retraction', final: true });
    }
    const results = resultsOf(this.#config, held.events);
    this.#emit(held, results, { index: held.panes, timing, final: this.#isFinal(held, timing) });
    return {
      ...held,
      panes: held.panes + 1,
      unfired: 0,
      fired: held.fired || timing !== 'early',
      marked: false,
      lastResults: results,
      retractions: [],
    };
  }

  #emit(held: HeldWindow, results: ResultsJson, pane: Pane): void {
    const json = resultJson(this.#config, held, results, pane);
    this.#panes.push({ windowName: held.definition.name, step: this.#step, json });
  }
}

/**
 * The window that an event and the windows it joins become. One of them goes on if its bounds stay as they were, with
 * its pane index; the others end, and are retracted if anything of them was emitted.
 */
function merged(
  definition: WindowDefinition,
  span: Span,
  event: OracleEvent,
  parts: readonly HeldWindow[],
): HeldWindow {
  const same = parts.find((part) => part.span.start === span.start && part.span.end === span.end);
  const absorbed = parts.filter((part) => part !== same);
  return {
    definition,
    span,
    key: event.key,
    events: [...parts.flatMap((part) => part.events), event],
    panes: same?.panes ?? 0,
    unfired: parts.reduce((sum, part) => sum + part.unfired, 1),
    fired: same?.fired ?? false,
    marked: true,
    lastResults: same?.lastResults ?? null,
    retractions: [...parts.flatMap((part) => part.retractions), ...absorbed.filter((part) => part.panes > 0)],
  };
}
