import { BANDS, percentilesOf, viewsOf, type Choice } from '../../state/use-choice.ts';

const SPANS = [30, 60, 120, 300, 1000];

/** Chooses what the chart and the table of keys show. */
export function ChartControls({
  choice,
  isTable,
  onTable,
}: {
  readonly choice: Choice;
  readonly isTable: boolean;
  readonly onTable: (isTable: boolean) => void;
}) {
  const { metric, metrics, view, values, span, choose } = choice;
  return (
    <>
      {metrics.length < 2 ? null : (
        <label>
          Metric
          <select value={metric} onChange={(event) => choose({ metric: event.currentTarget.value })}>
            {metrics.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <label>
        Show
        <select value={view} onChange={(event) => choose({ view: event.currentTarget.value })}>
          {viewsOf(values).map((name) => (
            <option key={name} value={name}>
              {name === BANDS ? bandsName(values) : name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Back
        <select value={String(span)} onChange={(event) => choose({ span: Number(event.currentTarget.value) })}>
          {SPANS.map((windows) => (
            <option key={windows} value={String(windows)}>
              {`${String(windows)} windows`}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="button" aria-pressed={isTable} onClick={() => onTable(!isTable)}>
        As a table
      </button>
    </>
  );
}

function bandsName(values: Choice['values']): string {
  const names = percentilesOf(values).map(({ aggregate }) => aggregate);
  return names.join('–');
}
