import type { Series } from '../../../../src/http/api/types.ts';
import type { AlignedData } from '../../chart/chart-data.ts';
import { seriesColor, seriesDash } from '../../chart/palette.ts';
import { fieldsOfKey, formatKey } from '../../format/keys.ts';
import { formatValue } from '../../format/numbers.ts';
import { formatMoment } from '../../format/times.ts';
import type { Choice, ShownValue } from '../../state/use-choice.ts';
import { useIsDark } from '../../state/theme.ts';

/** What a legend is made from. */
export interface LegendProps {
  readonly series: Series['series'];
  readonly data: AlignedData;
  readonly values: readonly ShownValue[];
  readonly isBands: boolean;
  readonly focus: string | null;
  readonly onFocus: (key: string | null) => void;
  /** The place in the times that the pointer is at. */
  readonly cursor: number | null;
  readonly choice: Choice;
}

/** Which line is which key, with its number: the one that the pointer is at, or the newest. */
export function Legend({ series, data, values, isBands, focus, onFocus, cursor, choice }: LegendProps) {
  const isDark = useIsDark();
  const place = cursor ?? data.times.length - 1;
  const at = data.times[place];
  const isMarked = data.revised.some((marks) => marks.size > 0);
  return (
    <div class="legend">
      <ul aria-label="Keys in the chart">
        {series.map(({ key }, index) => (
          <li key={key} class={focus !== null && focus !== key ? 'is-dimmed' : ''}>
            <button
              type="button"
              class="chip"
              aria-pressed={focus === key}
              title={isBands ? 'Show the percentiles of this key' : 'Bring this key to the front'}
              onClick={() => onFocus(focus === key && !isBands ? null : key)}
            >
              <Swatch color={seriesColor(index, isDark)} dash={isBands ? [] : seriesDash(index)} />
              <span>{formatKey(fieldsOfKey(key))}</span>
              {isBands ? null : <b>{formatValue(data.lines[index]?.[place], values[0]?.unit ?? 'plain')}</b>}
            </button>
          </li>
        ))}
        {choice.keys === null ? null : (
          <li>
            <button type="button" class="chip chip-plain" onClick={() => choice.choose({ keys: null })}>
              Back to the busiest keys
            </button>
          </li>
        )}
      </ul>
      <p class="legend-moment">
        {at === undefined
          ? null
          : `${cursor === null ? 'newest window, ' : 'window '}to ${formatMoment(at * 1000, Date.now())}`}
        {isBands ? bandText(data, values, place) : ''}
        {isMarked ? <span class="legend-mark"> ○ changed by late events</span> : null}
      </p>
    </div>
  );
}

/** A piece of the line. */
function Swatch({ color, dash }: { readonly color: string; readonly dash: readonly number[] }) {
  return (
    <svg class="swatch" width="26" height="10" aria-hidden="true">
      <line x2="26" y1="5" y2="5" stroke={color} stroke-width="3" stroke-dasharray={dash.join(' ')} />
    </svg>
  );
}

function bandText({ lines }: AlignedData, values: readonly ShownValue[], place: number): string {
  const shown = values.filter(({ aggregate }) => aggregate !== 'count');
  const parts = shown.map(({ aggregate, unit }, line) => `${aggregate} ${formatValue(lines[line]?.[place], unit)}`);
  return `: ${parts.join(', ')}`;
}
