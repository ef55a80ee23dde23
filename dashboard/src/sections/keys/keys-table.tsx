import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Keys } from '../../../../src/http/api/types.ts';
import { Placeholder } from '../../parts/placeholder.tsx';
import { KeyRow, SkeletonRow } from './key-row.tsx';
import { classOf, nextOrder, sortOf, titleOf, type KeyColumn, type KeyOrder } from './key-columns.ts';
import { rowsInSight } from './virtual-rows.ts';

/** Height of a row, in pixels; the style sheet has the same. */
const ROW_HEIGHT = 38;
/** Rows in sight. */
const BOX_ROWS = 11;

/** What the table shows, and what it asks of whoever has the keys. */
export interface KeysTableProps {
  readonly answer: Keys;
  readonly columns: readonly KeyColumn[];
  readonly order: KeyOrder;
  readonly onOrder: (order: KeyOrder) => void;
  readonly range: { readonly offset: number; readonly limit: number };
  /** Asks for other keys. */
  readonly onRange: (range: { readonly offset: number; readonly limit: number }) => void;
  /** When it changes, the list begins anew at its top. */
  readonly resetKey: string;
  readonly shownKeys: readonly string[];
  readonly onToggle: (key: string) => void;
}

/** A table of any number of keys, of which only those in sight are fetched and drawn. */
export function KeysTable({
  answer,
  columns,
  order,
  onOrder,
  range,
  onRange,
  resetKey,
  shownKeys,
  onToggle,
}: KeysTableProps) {
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const height = ROW_HEIGHT * Math.min(BOX_ROWS, Math.max(3, answer.matched));
  const rows = rowsInSight(scrollTop, height, ROW_HEIGHT, answer.matched);

  useLayoutEffect(() => {
    box.current?.scrollTo({ top: 0 });
    setScrollTop(0);
  }, [resetKey]);
  useEffect(() => {
    if (rows.offset !== range.offset || rows.limit !== range.limit) onRange({ offset: rows.offset, limit: rows.limit });
  }, [rows.offset, rows.limit, range.offset, range.limit, onRange]);

  if (answer.matched === 0)
    return <Placeholder title="No key has these words">Search for fewer, or other ones.</Placeholder>;
  const indexes = Array.from({ length: rows.count }, (_, n) => rows.first + n);
  return (
    <div
      ref={box}
      class="scroller keys-box"
      tabIndex={0}
      role="region"
      aria-label="Table of keys"
      // The head sticks to the top, above the rows.
      style={{ height: `${height + ROW_HEIGHT + 2}px` }}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
    >
      <table class="keys-table" aria-rowcount={answer.matched + 1}>
        <Head columns={columns} order={order} onOrder={onOrder} />
        <tbody>
          <Spacer rows={rows.first} />
          {indexes.map((index) => {
            const key = answer.keys[index - answer.offset];
            if (key === undefined) return <SkeletonRow key={`row-${index}`} index={index} />;
            return (
              <KeyRow
                key={key.key}
                entry={key}
                index={index}
                columns={columns}
                place={shownKeys.indexOf(key.key)}
                onToggle={onToggle}
              />
            );
          })}
          <Spacer rows={answer.matched - rows.first - rows.count} />
        </tbody>
      </table>
    </div>
  );
}

function Head({ columns, order, onOrder }: Pick<KeysTableProps, 'columns' | 'order' | 'onOrder'>) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col" class="key-mark">
          <span class="visually-hidden">In the chart</span>
        </th>
        {columns.map((column) => {
          const sorted = sortOf(order, column);
          const title = titleOf(column);
          return (
            <th key={`${column.kind}-${title}`} scope="col" class={classOf(column)} aria-sort={sorted}>
              {sorted === undefined ? (
                title
              ) : (
                <button type="button" onClick={() => onOrder(nextOrder(order, column))}>
                  {title}
                  <span class="sort-mark" aria-hidden="true">
                    {sorted === 'none' ? '' : sorted === 'ascending' ? '▲' : '▼'}
                  </span>
                </button>
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

/** Has one cell and no more: one over columns that a narrow page leaves out would take their room all the same. */
function Spacer({ rows }: { readonly rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr class="spacer" aria-hidden="true">
      <td style={{ height: `${rows * ROW_HEIGHT}px` }} />
    </tr>
  );
}
