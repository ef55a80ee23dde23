import { CustomAggregate } from '../../aggregations/custom-aggregate.ts';
import { assert } from '../../errors/assert.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { EventColumns } from '../../event/event-batch.ts';
import type { Instant } from '../../time/instant.ts';
import { Watermark } from '../../time/watermark.ts';
import type {
  DroppedEvent,
  EngineCounters,
  FiredPane,
  OpenSpan,
  OpenWindow,
  Residence,
  ScatteredKey,
  StateDelta,
  StateRecord,
  StateRequest,
  StoredEntry,
  WindowEngine,
} from '../window-engine.ts';
import type { EngineOptions, LateRule, WindowDefinition } from '../engine-options.ts';
import { AlignedWindows } from './aligned-windows.ts';
import { DueWindows } from './due-windows.ts';
import { readEntryKey } from './entry-keys.ts';
import { Ledger } from './ledger.ts';
import { earliestSpans, earliestWindows } from './open-windows.ts';
import { SessionWindows } from './session-windows.ts';
import { SlicedWindows } from './sliced-windows.ts';
import type { EntryShape } from './state-codec.ts';
import { WantedEntries } from './wanted-entries.ts';
import type { OperatorSettings, WindowOperator } from './window-operator.ts';

/** The engine in plain objects and Maps: written to be seen right, and open to custom aggregators and triggers. */
export class ReferenceEngine implements WindowEngine {
  readonly #ledger: Ledger;
  readonly #operators: readonly WindowOperator[];
  readonly #byName: ReadonlyMap<string, WindowOperator>;
  readonly #due: DueWindows;
  readonly #residentBytesLimit: number;
  readonly #prefixLength: number;
  readonly #wanted = new WantedEntries();
  /** What the batch at hand needs, until it is supplied. */
  #unanswered: StateRequest | null = null;
  #isCleaning = false;

  constructor(options: EngineOptions) {
    const shape = shapeOf(options);
    const ledger = new Ledger(options.keys, options.trackChanges, options.residentBytesLimit);
    this.#ledger = ledger;
    this.#due = new DueWindows(ledger);
    this.#residentBytesLimit = options.residentBytesLimit;
    this.#prefixLength = options.entryPrefix.length;
    this.#operators = options.windows.map((definition, place) =>
      operatorOf(definition, { place, rule: options.lateRule, shape, entryPrefix: options.entryPrefix }, ledger),
    );
    this.#byName = new Map(this.#operators.map((operator) => [operator.settings.name, operator]));
  }

  requestFor(batch: EventColumns): StateRequest | null {
    if (!this.#ledger.hasSpilled) return null;
    this.#ledger.begin(batch);
    if (this.#unanswered !== null) return this.#unanswered;
    for (const operator of this.#operators) {
      if (!operator.isSpillable) continue;
      for (let i = 0; i < batch.count; i += 1) operator.want(batch, i, this.#wanted);
    }
    const keys = this.#wanted.take();
    this.#unanswered = keys.length === 0 ? null : { type: 'keys', keys };
    return this.#unanswered;
  }

  ingest(batch: EventColumns, now: Instant): readonly DroppedEvent[] {
    assert(this.#due.isEmpty, 'all due panes are taken before the next batch');
    this.#wanted.clear();
    this.#ledger.begin(batch);
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
    this.#due.collect();
  }

  requestForFiring(): StateRequest | null {
    return this.#due.request();
  }

  requestForCleaning(): StateRequest | null {
    assert(this.#due.isEmpty, 'all due panes are taken before anything is deleted for good');
    const [cleaning] = this.#ledger.cleanings;
    this.#isCleaning = cleaning !== undefined;
    return cleaning?.request ?? null;
  }

  supply(request: StateRequest, entries: readonly StoredEntry[]): void {
    if (request === this.#unanswered) {
      this.#unanswered = null;
      for (const entry of entries) this.#read(entry);
      return;
    }
    const { cleanings, deletions } = this.#ledger;
    if (this.#isCleaning) {
      this.#isCleaning = false;
      if (cleanings[0]?.supply(entries, deletions) === true) cleanings.shift();
    } else if (!this.#due.supply(entries)) {
      for (const entry of entries) this.#read(entry);
    }
  }

  takeFired(limit: number): readonly FiredPane[] {
    const fired = this.#ledger.emitted;
    this.#ledger.emitted = [];
    while (fired.length < limit) {
      const next = this.#due.next();
      if (next === undefined) break;
      fired.push(next.operator.fireDue(next.state));
    }
    return fired;
  }

  takeDelta(): StateDelta {
    const { tracksChanges, emitted, deletions } = this.#ledger;
    assert(emitted.length === 0, 'early panes and retractions are taken before the delta that counts them');
    if (!tracksChanges) return [];
    const delta: StateRecord[] = deletions.map((key) => ({ key }));
    this.#ledger.deletions = [];
    this.#ledger.isQuiet = this.#due.isEmpty;
    for (const operator of this.#operators) operator.takeDelta(delta);
    return delta;
  }

  spill(): void {
    const ledger = this.#ledger;
    for (const operator of this.#operators) {
      if (ledger.residentBytes <= this.#residentBytesLimit) return;
      if (!operator.isSpillable) continue;
      operator.spill(this.#residentBytesLimit);
      ledger.hasSpilled = true;
      this.#due.stateSpilled();
    }
  }

  get restartPrefixes(): readonly Uint8Array[] {
    return this.#operators.map((operator) => operator.restartPrefix);
  }

  get restartEntries(): number {
    const { heads, activeWindows } = this.#ledger;
    return this.#operators.every((operator) => operator.isSpillable) ? heads : heads + activeWindows;
  }

  load(entry: StoredEntry): void {
    this.#ledger.hasSpilled = true;
    this.#read(entry);
  }

  letGo(windowName: string, until: Instant, partition?: number): void {
    this.#byName.get(windowName)?.letGo(until, partition);
  }

  notePassed(partition: number, watermark: Instant): void {
    this.#ledger.notePassed(partition, watermark);
  }

  hasFired(upTo: Instant): boolean {
    return this.#ledger.watermark.timestamp >= upTo && this.#due.isEmpty;
  }

  isLive(keyId: number): boolean {
    return this.#ledger.isLive(keyId);
  }

  get counters(): Readonly<EngineCounters> {
    return this.#ledger.counters;
  }

  get scattered(): ScatteredKey | null {
    return this.#ledger.scattered;
  }

  get activeWindows(): number {
    return this.#ledger.activeWindows;
  }

  get residence(): Residence {
    const { residentBytes, spilledWindows, spilled, reloaded } = this.#ledger;
    const changed = this.#operators.reduce((sum, operator) => sum + operator.changed, 0);
    return { residentBytes, changed, spilledWindows, spilled, reloaded };
  }

  sizeBytes(): number {
    // What is weighed as it is written need not be added up.
    if (this.#ledger.tracksChanges) return this.#ledger.residentBytes;
    return this.#operators.reduce((total, operator) => total + operator.sizeBytes(), 0);
  }

  openWindows(limit: number): readonly OpenWindow[] {
    return earliestWindows(this.#operators, limit);
  }

  openSpans(limit: number): readonly OpenSpan[] {
    return earliestSpans(this.#operators, limit, this.#ledger.watermark.timestamp);
  }

  #read(entry: StoredEntry): void {
    const key = readEntryKey(entry.key.subarray(this.#prefixLength));
    const operator = this.#byName.get(key.name);
    if (operator === undefined) {
      const message = `there is state of windows "${key.name}", which are not configured`;
      throw new ProcessorError('state', 'STATE_MISMATCH', message);
    }
    operator.read(key, entry);
  }
}

function shapeOf(options: EngineOptions): EntryShape {
  return {
    byPartition: options.byPartition,
    metrics: options.metrics,
    flat: options.flatResults,
    aggregation: options.aggregation,
    custom: options.aggregators.map((aggregator) => new CustomAggregate(aggregator)),
  };
}

interface Common {
  readonly entryPrefix: Uint8Array;
  readonly place: number;
  readonly rule: LateRule;
  readonly shape: EntryShape;
}

function operatorOf(
  definition: WindowDefinition,
  { place, rule, shape, entryPrefix }: Common,
  ledger: Ledger,
): WindowOperator {
  const { name, assigner, allowedLatenessMs, trigger } = definition;
  const settings: OperatorSettings = {
    name,
    place,
    entryPrefix,
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
