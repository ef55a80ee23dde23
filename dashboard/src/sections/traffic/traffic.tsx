import { useMemo, useState } from 'preact/hooks';
import type { PipelineInfo, Series } from '../../../../src/http/api/types.ts';
import { align, sumOf } from '../../chart/chart-data.ts';
import { seriesDash } from '../../chart/palette.ts';
import { ValuesChart, type LineStyle } from '../../chart/values-chart.tsx';
import { Card } from '../../parts/card.tsx';
import { Fetched, Placeholder } from '../../parts/placeholder.tsx';
import { timeZone } from '../../format/times.ts';
import { formatKey, fieldsOfKey } from '../../format/keys.ts';
import { BANDS, percentilesOf, type Choice, type ShownValue } from '../../state/use-choice.ts';
import { useResource, type Resource } from '../../state/use-resource.ts';
import { ChartControls } from './chart-controls.tsx';
import { ChartTable } from './chart-table.tsx';
import { Legend } from './legend.tsx';

/** What a section about results is given. */
export interface ResultsProps {
  readonly pipeline: PipelineInfo | null;
  readonly choice: Choice;
  /** Those in the chart. */
  readonly shownKeys: readonly string[];
  /** Changes when results have come. */
  readonly version: number;
}

/** Numbers over time, of a few keys. */
export function Traffic({ pipeline, choice, shownKeys, version }: ResultsProps) {
  const { values, series } = useTraffic(choice, shownKeys, version);
  const [focus, setFocus] = useState<string | null>(null);
  const [isTable, setIsTable] = useState(false);
  const controls =
    values.length === 0 ? undefined : (
      <ChartControls pipeline={pipeline} choice={choice} isTable={isTable} onTable={setIsTable} />
    );
  return (
    <Card id="traffic" title="Values over time" note={noteOf(pipeline, choice)} controls={controls}>
      <Fetched resource={shownKeys.length === 0 ? NOTHING : series} what="results">
        {(answer) =>
          answer.series.some(({ points }) => points.length > 0) ? (
            <Shown series={answer} choice={choice} values={values} focus={focus} onFocus={setFocus} isTable={isTable} />
          ) : (
            <Waiting pipeline={pipeline} choice={choice} />
          )
        }
      </Fetched>
    </Card>
  );
}

/** The numbers that are asked for, and what has come. */
function useTraffic(choice: Choice, keys: readonly string[], version: number) {
  const { window, span } = choice;
  const values = valuesOf(choice);
  const query = new URLSearchParams([
    ...(window === null ? [] : [['window', window]]),
    ...keys.map((key) => ['key', key]),
    ...values.map(({ name }) => ['value', name]),
    ['limit', String(span)],
  ]);
  const path = keys.length > 0 && values.length > 0 ? `series?${query.toString()}` : null;
  return { values, series: useResource<Series>(path, { version }) };
}

/** The number of the view, or the percentiles; after it, where there is one, how many events there were. */
function valuesOf({ view, main, values }: Choice): readonly ShownValue[] {
  const shown = view === BANDS ? percentilesOf(values) : main === null ? [] : [main];
  const count = values.find(({ aggregate }) => aggregate === 'count');
  return count === undefined || shown.includes(count) ? shown : [...shown, count];
}

function noteOf(pipeline: PipelineInfo | null, { window }: Choice): string | undefined {
  const definition = pipeline?.windows.find(({ name }) => name === window);
  return definition === undefined ? undefined : `${definition.description}, times in ${timeZone()}`;
}

function Waiting({ pipeline, choice }: Pick<ResultsProps, 'pipeline' | 'choice'>) {
  if (choice.keys !== null) {
    return (
      <Placeholder title={choice.keys.length === 0 ? 'No key is chosen' : 'No results of the keys that are chosen'}>
        Tick some in the table below, or go{' '}
        <button type="button" class="link" onClick={() => choice.choose({ keys: null })}>
          back to the busiest keys
        </button>
        .
      </Placeholder>
    );
  }
  const window = pipeline?.windows.find(({ name }) => name === choice.window);
  return (
    <Placeholder title="No results yet">
      {window === undefined
        ? 'Results are shown as soon as a window has fired.'
        : `The first come when a window of ${window.description} is over. "Open windows" below says what they wait for.`}
    </Placeholder>
  );
}

interface ShownProps {
  readonly series: Series;
  readonly choice: Choice;
  readonly values: readonly ShownValue[];
  readonly focus: string | null;
  readonly onFocus: (key: string | null) => void;
  readonly isTable: boolean;
}

function Shown({ series, choice, values, focus, onFocus, isTable }: ShownProps) {
  const [cursor, setCursor] = useState<number | null>(null);
  const isBands = choice.view === BANDS;
  const all = series.series;
  const focused = all.find(({ key }) => key === focus) ?? (isBands ? all[0] : undefined);
  const lines = useMemo(
    () => drawn(series, values, isBands ? focused?.key : undefined),
    [series, values, isBands, focused?.key],
  );
  const counts = useMemo(() => countsOf(series, values), [series, values]);
  const unit = values[0]?.unit ?? 'plain';
  const styles = isBands ? bandStyles(all, focused?.key, values) : lineStyles(all, focused?.key);
  const what = isBands ? 'percentiles' : choice.view;
  const names = all.map(({ key }) => formatKey(fieldsOfKey(key))).join(', ');
  return (
    <>
      <Legend
        series={all}
        data={lines}
        values={values}
        isBands={isBands}
        focus={focused?.key ?? null}
        onFocus={onFocus}
        cursor={cursor}
        choice={choice}
      />
      {isTable ? (
        <ChartTable series={series} values={values} />
      ) : (
        <>
          <ValuesChart
            data={lines}
            lines={styles}
            bands={isBands ? styles.slice(1).map((_, index) => [index + 1, index] as const) : []}
            kind="lines"
            unit={unit}
            height={260}
            label={`Chart of the ${what} of ${choice.metric === '' ? 'events' : choice.metric} over time, for ${names}. The same is to be had as a table.`}
            onCursor={setCursor}
          />
          {counts === null || choice.view === 'count' ? null : (
            <>
              <p class="chart-title">Events per window, of the keys shown</p>
              <ValuesChart
                data={counts}
                lines={COUNT_STYLE}
                kind="bars"
                unit="count"
                height={110}
                label={`Chart of how many events the windows of ${names} have.`}
              />
            </>
          )}
        </>
      )}
    </>
  );
}

/** What there is to show of no keys. */
const NOTHING: Resource<Series> = { data: { window: null, values: [], series: [] }, isOther: false, error: null };

const COUNT_STYLE: readonly LineStyle[] = [{ color: 0, width: 1, opacity: 0.55 }];

function drawn(series: Series, values: readonly ShownValue[], only: string | undefined) {
  const places = values.flatMap(({ aggregate }, place) => (aggregate === 'count' && values.length > 1 ? [] : [place]));
  return align(only === undefined ? series.series : series.series.filter(({ key }) => key === only), places);
}

function countsOf(series: Series, values: readonly ShownValue[]) {
  const place = values.findIndex(({ aggregate }) => aggregate === 'count');
  if (place === -1) return null;
  const { times, lines } = align(series.series, [place]);
  return { times, lines: [sumOf(lines)], revised: [] };
}

function lineStyles(all: Series['series'], focus: string | undefined): readonly LineStyle[] {
  return all.map(({ key }, color) => ({
    color,
    dash: seriesDash(color),
    width: key === focus ? 3 : 2,
    opacity: focus === undefined || key === focus ? 1 : 0.35,
  }));
}

function bandStyles(
  all: Series['series'],
  focus: string | undefined,
  values: readonly ShownValue[],
): readonly LineStyle[] {
  const color = Math.max(
    0,
    all.findIndex(({ key }) => key === focus),
  );
  const count = values.filter(({ aggregate }) => aggregate !== 'count').length;
  return Array.from({ length: count }, (_, index) => ({
    color,
    width: index === 0 ? 2.5 : 1.5,
    dash: index === count - 1 && count > 1 ? [5, 4] : [],
  }));
}
