import { useMemo } from 'preact/hooks';
import type { Keys } from '../../../../src/http/api/types.ts';
import { seriesColor } from '../../chart/palette.ts';
import { Sparkline } from '../../chart/sparkline.tsx';
import { formatField, formatKey } from '../../format/keys.ts';
import { formatCount, formatValue } from '../../format/numbers.ts';
import { formatMoment } from '../../format/times.ts';
import { useIsDark } from '../../state/theme.ts';
import { classOf, titleOf, type KeyColumn } from './key-columns.ts';

type Entry = Keys['keys'][number];

/** A key, and its place in the list. */
export interface KeyRowProps {
  readonly entry: Entry;
  readonly index: number;
  readonly columns: readonly KeyColumn[];
  /** Its place among those in the chart; −1 for none. */
  readonly place: number;
  readonly onToggle: (key: string) => void;
}

/** A row of the table of keys. What is scrolled past is moved, and not drawn anew. */
export function KeyRow({ entry, index, columns, place, onToggle }: KeyRowProps) {
  const isDark = useIsDark();
  return useMemo(() => {
    const color = place === -1 ? undefined : seriesColor(place, isDark);
    return (
      <tr aria-rowindex={index + 2} data-key={entry.key} class={index % 2 === 1 ? 'is-odd' : ''}>
        <td class="key-mark">
          <input
            type="checkbox"
            checked={place !== -1}
            aria-label={`Show ${formatKey(entry.fields)} in the chart`}
            style={color === undefined ? {} : { accentColor: color }}
            onChange={() => onToggle(entry.key)}
          />
        </td>
        {columns.map((column) => (
          <Cell key={`${column.kind}-${titleOf(column)}`} column={column} entry={entry} color={color} />
        ))}
      </tr>
    );
  }, [entry, index, columns, place, onToggle, isDark]);
}

/** Holds the place of a key that is on its way. */
export function SkeletonRow({ index }: { readonly index: number }) {
  return (
    <tr aria-rowindex={index + 2} class={index % 2 === 1 ? 'is-odd' : ''}>
      <td class="key-mark" />
      <td class="key-field">
        <span class="skeleton" />
      </td>
    </tr>
  );
}

interface CellProps {
  readonly column: KeyColumn;
  readonly entry: Entry;
  readonly color: string | undefined;
}

function Cell({ column, entry, color }: CellProps) {
  const style = classOf(column);
  switch (column.kind) {
    case 'field': {
      const text = formatField(entry.fields[column.name]);
      return (
        <td class={style} title={text}>
          {text}
          {column.isFirst ? <Rest entry={entry} /> : null}
        </td>
      );
    }
    case 'all':
      return <td class={style}>all events</td>;
    case 'trend':
      return (
        <td class={style} style={color === undefined ? {} : { color }}>
          <Sparkline values={entry.recent.map(([, value]) => value)} width={96} height={24} />
        </td>
      );
    case 'value': {
      const value = entry.latest[column.value.name];
      return (
        <td class={style} data-name={column.value.name} data-value={value ?? ''} title={String(value ?? 'no value')}>
          {formatValue(value, column.value.unit)}
          {column.isMain && entry.revised ? <RevisedMark /> : null}
        </td>
      );
    }
    case 'volume':
      return <td class={style}>{formatCount(entry.volume)}</td>;
    case 'updated':
      return <td class={style}>{formatMoment(entry.end, Date.now())}</td>;
  }
}

/** The other fields, which have columns of their own where there is room. */
function Rest({ entry }: { readonly entry: Entry }) {
  const others = Object.values(entry.fields).slice(1);
  if (others.length === 0) return null;
  return <span class="key-rest">{others.map(formatField).join(' · ')}</span>;
}

function RevisedMark() {
  return (
    <span class="revised-mark" title="Changed by late events since it was first delivered">
      <span aria-hidden="true">○</span>
      <span class="visually-hidden">, changed by late events</span>
    </span>
  );
}
