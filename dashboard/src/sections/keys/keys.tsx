import { useEffect, useState } from 'preact/hooks';
import type { Keys as KeysAnswer, PipelineInfo } from '../../../../src/http/api/types.ts';
import { MAX_SERIES } from '../../chart/palette.ts';
import { formatCount } from '../../format/numbers.ts';
import { Card } from '../../parts/card.tsx';
import { Loading, Placeholder } from '../../parts/placeholder.tsx';
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
  const { data } = useResource<KeysAnswer>(path, { version });
  const note = data === null || data.total === 0 ? undefined : countsText(data, words);
  return (
    <Card
      id="keys"
      title="Keys"
      note={note}
      controls={
        <>
          <WindowChoice pipeline={pipeline} choice={choice} />
          <label>
            Search
            <input
              type="search"
              value={search}
              placeholder="model, region, …"
              onInput={(event) => setSearch(event.currentTarget.value)}
            />
          </label>
        </>
      }
    >
      {data === null || path === null ? (
        <Loading what="keys" />
      ) : data.total === 0 ? (
        <Placeholder title="No keys yet">Each key is listed once it has had a result.</Placeholder>
      ) : (
        <KeysTable
          answer={data}
          columns={columnsOf(pipeline, data, choice)}
          order={order}
          onOrder={setOrder}
          range={range}
          onRange={setRange}
          resetKey={JSON.stringify([words, order, choice.window])}
          shownKeys={shownKeys}
          onToggle={(key) => choice.choose({ keys: toggled(shownKeys, key) })}
        />
      )}
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

function WindowChoice({ pipeline, choice }: { readonly pipeline: PipelineInfo | null; readonly choice: Choice }) {
  const windows = pipeline?.windows ?? [];
  if (windows.length < 2) return null;
  return (
    <label>
      Windows
      <select
        value={choice.window ?? ''}
        onChange={(event) => choice.choose({ window: event.currentTarget.value, keys: null })}
      >
        {windows.map(({ name, description }) => (
          <option key={name} value={name}>
            {description}
          </option>
        ))}
      </select>
    </label>
  );
}
