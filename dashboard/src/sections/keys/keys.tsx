import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { Keys as KeysAnswer } from '../../../../src/http/api/types.ts';
import { MAX_SERIES } from '../../chart/palette.ts';
import { formatCount } from '../../format/numbers.ts';
import { Card } from '../../parts/card.tsx';
import { Fetched, Placeholder } from '../../parts/placeholder.tsx';
import type { Choice } from '../../state/use-choice.ts';
import { useResource } from '../../state/use-resource.ts';
import type { ResultsProps } from '../traffic/traffic.tsx';
import { columnsOf, type KeyOrder } from './key-columns.ts';
import { KeysTable } from './keys-table.tsx';

/** How long after the last letter a search begins, in ms. */
const SEARCH_DELAY_MS = 150;

/** All keys, with how they have gone and their latest numbers. */
export function Keys({ pipeline, choice, shownKeys, version }: ResultsProps) {
  const [search, setSearch] = useState('');
  const [order, setOrder] = useState<KeyOrder>({ sort: 'volume', isRising: false });
  const [range, setRange] = useState({ offset: 0, limit: 50 });
  const words = useDelayed(search, SEARCH_DELAY_MS);
  const path = pathOf(choice, words, order, range);
  const keys = useResource<KeysAnswer>(path, { version });
  const { data } = keys;
  const { choose } = choice;
  const columns = useMemo(() => (data === null ? [] : columnsOf(pipeline, data, choice)), [pipeline, data, choice]);
  const onToggle = useCallback((key: string) => choose({ keys: toggled(shownKeys, key) }), [choose, shownKeys]);
  const note = data === null || data.total === 0 ? undefined : countsText(data, words);
  return (
    <Card
      id="keys"
      title="Keys"
      note={note}
      controls={
        <label>
          Search
          <input
            type="search"
            value={search}
            placeholder={pipeline?.key.join(', ') ?? ''}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
      }
    >
      <Fetched resource={keys} what="keys">
        {(answer) =>
          answer.total === 0 ? (
            <Placeholder title="No keys yet">Each key is listed once it has had a result.</Placeholder>
          ) : (
            <KeysTable
              answer={answer}
              columns={columns}
              order={order}
              onOrder={setOrder}
              range={range}
              onRange={setRange}
              resetKey={JSON.stringify([words, order, choice.window])}
              shownKeys={shownKeys}
              onToggle={onToggle}
            />
          )
        }
      </Fetched>
    </Card>
  );
}

function toggled(shown: readonly string[], key: string): readonly string[] {
  if (shown.includes(key)) return shown.filter((other) => other !== key);
  return [...shown, key].slice(-MAX_SERIES);
}

function countsText({ total, matched }: KeysAnswer, words: string): string {
  const all = total === 1 ? '1 key' : `${formatCount(total)} keys`;
  return words === '' ? all : `${formatCount(matched)} of ${all}`;
}

function pathOf(
  { window, main }: Choice,
  words: string,
  { sort, by, isRising }: KeyOrder,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): string | null {
  if (window === null) return null;
  const query = new URLSearchParams({
    window,
    sort,
    order: isRising ? 'asc' : 'desc',
    offset: String(offset),
    limit: String(limit),
  });
  if (main !== null) query.set('value', main.name);
  if (by !== undefined) query.set('by', by);
  if (words !== '') query.set('search', words);
  return `keys?${query.toString()}`;
}

/** The value as it was a little while ago, once it has come to rest. */
function useDelayed(value: string, ms: number): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value.trim()), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested;
}
