import { useCallback, useMemo, useState } from 'preact/hooks';
import type { PipelineInfo } from '../../../src/http/api/types.ts';
import { unitOf, type Unit } from '../format/numbers.ts';

/** A number that results have, as the page shows it. */
export interface ShownValue {
  /** How the API calls it. */
  readonly name: string;
  readonly aggregate: string;
  readonly unit: Unit;
}

/** The chart of percentiles, in the place of the name of an aggregate. */
export const BANDS = 'bands';

/** What the reader has chosen to look at, with what follows from it; and the means to choose otherwise. */
export interface Choice {
  /** Name of the window definition; null before anything is known. */
  readonly window: string | null;
  /** Empty for a pipeline that only counts. */
  readonly metric: string;
  readonly metrics: readonly string[];
  /** {@link BANDS}, or the name of an aggregate. */
  readonly view: string;
  /** The numbers of the metric, in the order of results. */
  readonly values: readonly ShownValue[];
  /** The number that stands for the metric: that of the view, else p95 or what comes nearest. */
  readonly main: ShownValue | null;
  /** Keys that were chosen; null while those with the most events are shown. */
  readonly keys: readonly string[] | null;
  /** How many windows the chart goes back. */
  readonly span: number;
  readonly choose: (change: Partial<Chosen>) => void;
}

interface Chosen {
  readonly window: string | null;
  readonly metric: string | null;
  readonly view: string | null;
  readonly keys: readonly string[] | null;
  readonly span: number;
}

const NOTHING: Chosen = { window: null, metric: null, view: null, keys: null, span: 120 };
/** What stands for a metric, the best first. */
const PREFERRED = ['p95', 'p99', 'p50', 'average', 'count'];

/** What is shown of the pipeline: by default the p95 of its first metric. */
export function useChoice(pipeline: PipelineInfo | null): Choice {
  const [chosen, setChosen] = useState(NOTHING);
  const choose = useCallback((change: Partial<Chosen>) => setChosen((before) => ({ ...before, ...change })), []);
  return useMemo(() => {
    const all = pipeline?.values ?? [];
    const metrics = metricsOf(pipeline);
    const metric = metrics.find((name) => name === chosen.metric) ?? metrics[0] ?? '';
    const values = all
      .filter((value) => value.metric === null || value.metric === metric)
      .map(({ name, aggregate }) => ({ name, aggregate, unit: unitOf(metric, aggregate) }));
    const preferred = PREFERRED.map((name) => values.find(({ aggregate }) => aggregate === name)).find(Boolean);
    const fallback = preferred ?? values[0] ?? null;
    const views = viewsOf(values);
    const view = views.find((name) => name === chosen.view) ?? fallback?.aggregate ?? '';
    const names = pipeline?.windows.map(({ name }) => name) ?? [];
    return {
      window: names.find((name) => name === chosen.window) ?? names[0] ?? null,
      metric,
      metrics,
      view,
      values,
      main: values.find(({ aggregate }) => aggregate === view) ?? fallback,
      keys: chosen.keys,
      span: chosen.span,
      choose,
    };
  }, [pipeline, chosen, choose]);
}

/** What the chart can show: aggregates, and percentiles together where there are several. */
export function viewsOf(values: readonly ShownValue[]): readonly string[] {
  const bands = percentilesOf(values).length > 1 ? [BANDS] : [];
  return [...values.map(({ aggregate }) => aggregate), ...bands];
}

/** The percentiles among some numbers, the lowest first; at most four, for more cannot be told apart. */
export function percentilesOf(values: readonly ShownValue[]): readonly ShownValue[] {
  const percentiles = values.filter(({ aggregate }) => /^p\d/.test(aggregate));
  return percentiles.toSorted((a, b) => Number(a.aggregate.slice(1)) - Number(b.aggregate.slice(1))).slice(0, 4);
}

function metricsOf(pipeline: PipelineInfo | null): readonly string[] {
  if (pipeline === null) return [];
  const named = new Set(pipeline.values.flatMap(({ metric }) => metric ?? []));
  // Results of one metric do not name it.
  return named.size > 0 ? [...named] : pipeline.metrics;
}
