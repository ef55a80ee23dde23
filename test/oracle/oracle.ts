import { resultsOf, type ResultsJson } from './aggregates.ts';
import type { Counters, Drop, OracleConfig, OracleEvent, PartitionInput, SessionDefinition, Span } from './model.ts';
import { keyText, resultJson, windowId, type KeyedWindow, type ResultJson } from './result-json.ts';
import { judge, spansAt, watermarksBefore, type Judgement } from './rules.ts';
import { independentOfOrder, sessionsInOrder, sessionsOfAll, type Arrived, type Session } from './sessions.ts';

/** What a window holds in the end. */
export interface ExpectedWindow extends KeyedWindow {
  /** Result id without the pane index. */
  readonly id: string;
  readonly events: readonly OracleEvent[];
  readonly results: ResultsJson;
}

/** What bounded input gives, whatever the interleaving of the partitions and the size of the batches. */
export interface Expected {
  readonly config: OracleConfig;
  /** Number of events of all partitions. */
  readonly events: number;
  /** Every window with at least one accepted event, in order of definition, then (end, start, key). */
  readonly windows: readonly ExpectedWindow[];
  readonly drops: readonly Drop[];
  /** `assigned` and `unassigned` always hold; the others leave out session definitions that are not defined. */
  readonly counters: Counters;
  /** False if the sessions of some definition depend on the order in which the partitions are read. */
  readonly sessionsDefined: boolean;
  /** Names of those definitions. They have no `windows` and no `drops`. */
  readonly undefinedSessions: readonly string[];
}

interface Draft {
  readonly counters: Counters;
  readonly drops: Drop[];
  readonly contents: Map<string, { readonly window: KeyedWindow; readonly events: OracleEvent[] }>;
  readonly undefinedSessions: string[];
}

/** Reads all, applies the rules. Partitions are active until they end; none goes idle. */
export function oracle(config: OracleConfig, partitions: readonly PartitionInput[]): Expected {
  const arrivals = partitions.flatMap(({ id, events }) => {
    const before = watermarksBefore(
      events.map((event) => event.timestamp),
      config.outOfOrderness,
    );
    return events.map((event, i): Arrived => ({ event, partition: id, ownWatermark: before[i] ?? -Infinity }));
  });
  const draft: Draft = {
    counters: { assigned: 0, onTime: 0, outOfOrder: 0, acceptedLate: 0, droppedLate: 0, unassigned: 0 },
    drops: [],
    contents: new Map(),
    undefinedSessions: [],
  };
  for (const arrived of arrivals) addToAligned(config, arrived, draft);
  for (const definition of config.windows) {
    if (definition.type === 'session') addSessions(config, definition, arrivals, draft);
  }
  return {
    config,
    events: arrivals.length,
    windows: windowsInOrder(config, draft),
    drops: draft.drops,
    counters: draft.counters,
    sessionsDefined: draft.undefinedSessions.length === 0,
    undefinedSessions: draft.undefinedSessions,
  };
}

/** The panes of windows without lateness and early firings: one each. */
export function singlePane({ config }: Expected, window: ExpectedWindow): ResultJson {
  return resultJson(config, window, window.results, { index: 0, timing: 'on_time', final: true });
}

function addToAligned(config: OracleConfig, arrived: Arrived, draft: Draft): void {
  let homeless = true;
  for (const definition of config.windows) {
    if (definition.type === 'session') {
      homeless = false;
      continue;
    }
    for (const span of spansAt(definition, arrived.event.timestamp)) {
      homeless = false;
      const judgement = judge({
        timestamp: arrived.event.timestamp,
        end: span.end,
        ownWatermark: arrived.ownWatermark,
        // Never ahead of the partition's own, for that one is in the minimum.
        watermark: -Infinity,
        allowedLateness: definition.allowedLateness,
        lateRule: config.lateRule,
      });
      count(draft, definition.name, arrived, judgement, span);
      if (judgement.outcome === 'droppedLate') continue;
      const window: KeyedWindow = { definition, span, key: arrived.event.key };
      const id = windowId(config, window);
      const held = draft.contents.get(id) ?? { window, events: [] };
      held.events.push(arrived.event);
      draft.contents.set(id, held);
    }
  }
  if (homeless) draft.counters.unassigned += 1;
}

function count(draft: Draft, windowName: string, arrived: Arrived, judgement: Judgement, span: Span): void {
  draft.counters.assigned += 1;
  draft.counters[judgement.outcome] += 1;
  if (judgement.outcome !== 'droppedLate') return;
  const { event, partition } = arrived;
  draft.drops.push({ windowName, partition, event, span, watermark: judgement.watermark });
}

function addSessions(
  config: OracleConfig,
  definition: SessionDefinition,
  arrivals: readonly Arrived[],
  draft: Draft,
): void {
  const onePartition = new Set(arrivals.map(({ partition }) => partition)).size <= 1;
  const byKey = groupByKey(arrivals);
  if (!onePartition && !byKey.every((ofKey) => independentOfOrder(definition, ofKey))) {
    draft.undefinedSessions.push(definition.name);
    draft.counters.assigned += arrivals.length;
    return;
  }
  for (const ofKey of byKey) {
    const { sessions, judged } = onePartition
      ? sessionsInOrder(definition, config.lateRule, ofKey)
      : sessionsOfAll(definition, ofKey);
    for (const { arrived, judgement, span } of judged) count(draft, definition.name, arrived, judgement, span);
    for (const session of sessions) hold(config, definition, session, draft);
  }
}

function groupByKey(arrivals: readonly Arrived[]): readonly (readonly Arrived[])[] {
  const groups = new Map<string, Arrived[]>();
  for (const arrived of arrivals) {
    const text = keyText(arrived.event.key);
    const group = groups.get(text) ?? [];
    group.push(arrived);
    groups.set(text, group);
  }
  return [...groups.values()];
}

function hold(config: OracleConfig, definition: SessionDefinition, { span, events }: Session, draft: Draft): void {
  const window: KeyedWindow = { definition, span, key: events[0]?.key ?? null };
  draft.contents.set(windowId(config, window), { window, events: [...events] });
}

function windowsInOrder(config: OracleConfig, draft: Draft): readonly ExpectedWindow[] {
  return [...draft.contents]
    .map(([id, { window, events }]) => ({ ...window, id, events, results: resultsOf(config, events) }))
    .toSorted(
      (a, b) => config.windows.indexOf(a.definition) - config.windows.indexOf(b.definition) || byEndStartKey(a, b),
    );
}

/** The order in which windows fire: by end, then start, then the text of the key. */
export function byEndStartKey(a: KeyedWindow, b: KeyedWindow): number {
  const [left, right] = [keyText(a.key), keyText(b.key)];
  return a.span.end - b.span.end || a.span.start - b.span.start || Number(left > right) - Number(left < right);
}
