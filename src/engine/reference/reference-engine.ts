import { CustomAggregate } from '../../aggregations/custom-aggregate.ts';
import { assert } from '../../errors/assert.ts';
import type { EventBatch } from '../../event/event-batch.ts';
import type { Instant } from '../../time/instant.ts';
import { Watermark } from '../../time/watermark.ts';
import type {
  DroppedEvent,
  EngineCounters,
  FiredPane,
  OpenWindow,
  StateDelta,
  StateRecord,
  WindowEngine,
} from '../window-engine.ts';
import type { EngineOptions, LateRule, WindowDefinition } from '../engine-options.ts';
import { AlignedWindows } from './aligned-windows.ts';
import type { CellShape } from './cell.ts';
import { Ledger, type DueWindow } from './ledger.ts';
import { SessionWindows } from './session-windows.ts';
import { SlicedWindows } from './sliced-windows.ts';
import { StateCodec } from './state-codec.ts';
import type { OperatorSettings, WindowOperator } from './window-operator.ts';
import { inFiringOrder } from './window-state.ts';

/** The engine in plain objects and Maps: written to be seen right, and open to custom aggregators and triggers. */
export class ReferenceEngine implements WindowEngine {
  readonly #ledger: Ledger;
  readonly #operators: readonly WindowOperator[];
  readonly #codec: StateCodec;
  /** Windows due, in firing order, of which the first `#taken` have been taken. */
  #due: DueWindow[] = [];
  #taken = 0;

  constructor(options: EngineOptions) {
    const shape = shapeOf(options);
    const ledger = new Ledger(options.keys, options.trackChanges);
    this.#ledger = ledger;
    this.#operators = options.windows.map((definition) => operatorOf(definition, options.lateRule, shape, ledger));
    this.#codec = new StateCodec(this.#operators, shape, options.keys);
  }

  ingest(batch: EventBatch, now: Instant): readonly DroppedEvent[] {
    assert(!this.#hasDue(), 'all due panes are taken before the next batch');
    this.#ledger.now = now;
    this.#ledger.dropped = [];
    for (let i = 0; i < batch.count; i += 1) {
      let assigned = false;
      for (const operator of this.#operators) assigned = operator.add(batch, i) || assigned;
      if (!assigned) this.#ledger.counters.unassigned += 1;
    }
    return this.#ledger.dropped;
  }

  tick(now: Instant): void {
    this.#ledger.now = now;
    for (const operator of this.#operators) operator.tick();
  }

  advance(watermark: Instant): void {
    const ledger = this.#ledger;
    if (watermark > ledger.watermark.timestamp) {
      ledger.watermark = new Watermark(watermark);
      for (const operator of this.#operators) operator.close();
    }
    if (ledger.due.length === 0) return;
    // A session that was due can have been absorbed since.
    const due = ledger.due.filter(({ state }) => !state.removed);
    due.sort((a, b) => inFiringOrder(a.state, b.state));
    this.#due = this.#hasDue() ? [...this.#due.slice(this.#taken), ...due] : due;
    this.#taken = 0;
    ledger.due = [];
  }

  takeFired(limit: number): readonly FiredPane[] {
    const fired = this.#ledger.emitted;
    this.#ledger.emitted = [];
    while (fired.length < limit) {
      const next = this.#due[this.#taken];
      if (next === undefined) break;
      this.#taken += 1;
      fired.push(next.operator.fireDue(next.state));
    }
    if (!this.#hasDue()) this.#due = [];
    return fired;
  }

  takeDelta(): StateDelta {
    const { changes, emitted } = this.#ledger;
    assert(emitted.length === 0, 'early panes and retractions are taken before the delta that counts them');
    if (changes === null) return [];
    const delta: StateRecord[] = [];
    for (const { operator, item } of changes) this.#codec.write(operator, item, delta);
    changes.length = 0;
    return delta;
  }

  load(entry: { readonly key: Uint8Array; readonly value: Uint8Array }): void {
    this.#codec.read(entry.key, entry.value);
  }

  letGo(windowName: string, until: Instant): void {
    this.#operators.find(({ settings }) => settings.name === windowName)?.letGo(until);
  }

  isLive(keyId: number): boolean {
    return this.#ledger.isLive(keyId);
  }

  get counters(): Readonly<EngineCounters> {
    return this.#ledger.counters;
  }

  get activeWindows(): number {
    return this.#ledger.activeWindows;
  }

  sizeBytes(): number {
    return this.#operators.reduce((total, operator) => total + operator.sizeBytes(), 0);
  }

  openWindows(limit: number): readonly OpenWindow[] {
    const earliest: OpenWindow[] = [];
    for (const operator of this.#operators) {
      for (const state of operator.states()) {
        earliest.push({ windowName: operator.settings.name, window: state.window, fired: state.panes > 0 });
        // Sorting a few at a time keeps this proportional to the number of windows, whatever there is of them.
        if (earliest.length >= limit + 1024) keepEarliest(earliest, limit);
      }
    }
    keepEarliest(earliest, limit);
    return earliest;
  }

  #hasDue(): boolean {
    return this.#taken < this.#due.length;
  }
}

function keepEarliest(windows: OpenWindow[], limit: number): void {
  windows.sort((a, b) => a.window.end - b.window.end || a.window.start - b.window.start);
  windows.length = Math.min(windows.length, limit);
}

function shapeOf(options: EngineOptions): CellShape {
  return {
    metrics: options.metrics,
    flat: options.flatResults,
    aggregation: options.aggregation,
    custom: options.aggregators.map((aggregator) => new CustomAggregate(aggregator)),
  };
}

function operatorOf(definition: WindowDefinition, rule: LateRule, shape: CellShape, ledger: Ledger): WindowOperator {
  const { name, assigner, allowedLatenessMs, trigger } = definition;
  const settings: OperatorSettings = {
    name,
    type: assigner.type,
    lateness: { allowedLatenessMs, rule },
    trigger,
    shape,
  };
  switch (assigner.type) {
    case 'session':
      return new SessionWindows(settings, ledger, assigner.gapMs);
    case 'tumbling':
      return new AlignedWindows(settings, ledger, {
        sizeMs: assigner.sizeMs,
        slideMs: assigner.sizeMs,
        offsetMs: assigner.offsetMs,
      });
    case 'sliding': {
      // A trigger looks at each window on its own, and windows that do not overlap have nothing to share.
      const shares = trigger === undefined && assigner.sizeMs > assigner.slideMs;
      return shares ? new SlicedWindows(settings, ledger, assigner) : new AlignedWindows(settings, ledger, assigner);
    }
  }
}
