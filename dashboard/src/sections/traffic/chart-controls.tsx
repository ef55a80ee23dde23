import type { PipelineInfo } from '../../../../src/http/api/types.ts';
import { BANDS, percentilesOf, viewsOf, type Choice } from '../../state/use-choice.ts';

const SPANS = [30, 60, 120, 300, 1000];

/** Chooses what the chart and the table of keys show. */
export function ChartControls({
  pipeline,
  choice,
  isTable,
  onTable,
}: {
  readonly pipeline: PipelineInfo | null;
  readonly choice: Choice;
  readonly isTable: boolean;
  readonly onTable: (isTable: boolean) => void;
}) {
  const { window, metric, metrics, view, values, span, choose } = choice;
  const windows = pipeline?.windows ?? [];
  return (
    <>
      {windows.length < 2 ? null : (
        <label>
          Windows
          <select value={window ?? ''} onChange={(event) => choose({ window: event.currentTarget.value, keys: null })}>
            {windows.map(({ name, description }) => (
              <option key={name} value={name}>
                {description}
              </option>
            ))}
          </select>
        </label>
      )}
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
