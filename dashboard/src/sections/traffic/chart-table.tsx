import type { Series } from '../../../../src/http/api/types.ts';
import { isRevised } from '../../chart/chart-data.ts';
import { fieldsOfKey, formatKey } from '../../format/keys.ts';
import { formatValue } from '../../format/numbers.ts';
import { formatWindow } from '../../format/times.ts';
import type { ShownValue } from '../../state/use-choice.ts';

const FIRST_VALUE = 4;
const SHOWN_ROWS = 200;

/** The numbers of the chart, the newest windows first. */
export function ChartTable({ series, values }: { readonly series: Series; readonly values: readonly ShownValue[] }) {
  const now = Date.now();
  const rows = series.series
    .flatMap(({ key, points }) => points.map((point) => ({ key, point })))
    .toSorted((a, b) => (b.point[0] ?? 0) - (a.point[0] ?? 0) || (a.key < b.key ? -1 : 1));
  return (
    <div class="scroller chart-table" tabIndex={0} role="region" aria-label="Values over time, as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">Window</th>
            <th scope="col">Key</th>
            {values.map(({ name, aggregate }) => (
              <th key={name} scope="col" class="number">
                {aggregate}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, SHOWN_ROWS).map(({ key, point }) => (
            <tr key={`${key}/${String(point[1])}/${String(point[0])}`} data-key={key} data-end={point[0]}>
              <td>
                {formatWindow(point[1] ?? 0, point[0] ?? 0, now)}
                {isRevised(point) ? <span class="tag">revised</span> : null}
              </td>
              <td>{formatKey(fieldsOfKey(key))}</td>
              {values.map(({ name, unit }, place) => (
                <td key={name} class="number" data-name={name} data-value={point[FIRST_VALUE + place]}>
                  {formatValue(point[FIRST_VALUE + place], unit)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
