import { GroupingKey, type KeyField } from '../../src/event/grouping-key.ts';
import type { Pane } from '../../src/results/aggregation-result.ts';
import type { ResultsJson } from './aggregates.ts';
import type { Drop, OracleConfig, Span, WindowDefinition } from './model.ts';

/** A result as JSON, without `timestamp`, which the clock decides. */
export interface ResultJson {
  readonly id: string;
  readonly pipeline: string;
  readonly window: { readonly type: string; readonly start: string; readonly end: string; readonly key: string | null };
  readonly key: Readonly<Record<string, string | null>> | null;
  readonly results: ResultsJson;
  readonly pane: Pane;
}

/** What identifies a dropped event in the side output as JSON. The window's name is not part of it. */
export interface LateJson {
  readonly source: { readonly partition: string; readonly offset: number };
  readonly window: { readonly start: string; readonly end: string; readonly key: string | null };
  readonly watermark: string;
  readonly lateness_ms: number;
}

/** A window of a key. */
export interface KeyedWindow {
  readonly definition: WindowDefinition;
  readonly span: Span;
  readonly key: readonly KeyField[] | null;
}

/** Text of a key; empty where nothing is grouped. */
export function keyText(key: readonly KeyField[] | null): string {
  return key === null ? '' : GroupingKey.fromFields(key).toString();
}

/** The id of a window's results, without the pane index. */
export function windowId(config: OracleConfig, { definition, span, key }: KeyedWindow): string {
  return `${config.pipeline}/${definition.name}/${keyText(key)}/${String(span.start)}/${String(span.end)}`;
}

export function resultJson(config: OracleConfig, window: KeyedWindow, results: ResultsJson, pane: Pane): ResultJson {
  const { definition, span, key } = window;
  return {
    id: `${windowId(config, window)}/${String(pane.index)}`,
    pipeline: config.pipeline,
    window: { type: definition.type, start: iso(span.start), end: iso(span.end), key: keyOrNull(key) },
    key: key === null ? null : fieldsOf(key),
    results,
    pane,
  };
}

export function lateJson(drop: Drop): LateJson {
  const { event, span, watermark, partition } = drop;
  return {
    source: { partition, offset: event.offset },
    window: { start: iso(span.start), end: iso(span.end), key: keyOrNull(event.key) },
    watermark: iso(watermark),
    lateness_ms: watermark - event.timestamp,
  };
}

function keyOrNull(key: readonly KeyField[] | null): string | null {
  return key === null ? null : keyText(key);
}

function fieldsOf(key: readonly KeyField[]): Record<string, string | null> {
  const fields = Object.create(null) as Record<string, string | null>;
  for (const [name, value] of key) fields[name] = value;
  return fields;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
