import { useState } from 'preact/hooks';
import type { Explanation } from '../../../src/http/api/types.ts';
import { fieldsOfKey, formatKey } from '../format/keys.ts';
import { formatCount, formatSeconds } from '../format/numbers.ts';
import { formatMoment, formatWindow } from '../format/times.ts';
import { Card } from '../parts/card.tsx';
import { Fetched, Placeholder } from '../parts/placeholder.tsx';
import { useResource } from '../state/use-resource.ts';

type Explained = Explanation['windows'][number];

const ASKED = 100;
const ALL_ASKED = 1000;
/** Rows that are shown before more are asked for. */
const FEW_WAITING = 6;
const FEW_KEPT = 3;
const REFRESH_MS = 2000;

/** The windows that are open, and why each has not fired. */
export function OpenWindows() {
  const [isAll, setIsAll] = useState(false);
  const explained = useResource<Explanation>(`windows/explain?limit=${String(isAll ? ALL_ASKED : ASKED)}`, {
    every: REFRESH_MS,
  });
  const note = explained.data === null ? undefined : noteOf(explained.data);
  return (
    <Card id="windows" title="Open windows, and why they have not fired" note={note}>
      <Fetched resource={explained} what="open windows">
        {(data) => (
          <>
            <Standing standing={data} />
            <Windows explained={data} isAll={isAll} />
            {data.waiting <= FEW_WAITING && data.total - data.waiting <= FEW_KEPT ? null : (
              <button type="button" class="button" aria-expanded={isAll} onClick={() => setIsAll(!isAll)}>
                {isAll ? 'Show fewer' : 'Show more'}
              </button>
            )}
          </>
        )}
      </Fetched>
    </Card>
  );
}

/** Those that are waited for, and those that are kept; of either a few, or all that were given. */
function Windows({ explained, isAll }: { readonly explained: Explanation; readonly isAll: boolean }) {
  const { windows, waiting, total } = explained;
  if (total === 0) {
    return <Placeholder title="No window is open">One opens with the next event that belongs to it.</Placeholder>;
  }
  const isWaiting = ({ reason }: Explained): boolean => reason !== 'fired';
  const few = (all: readonly Explained[], most: number): readonly Explained[] => (isAll ? all : all.slice(0, most));
  const ofWaiting = few(windows.filter(isWaiting), FEW_WAITING);
  const ofKept = few(
    windows.filter((window) => !isWaiting(window)),
    FEW_KEPT,
  );
  return (
    <div class={isAll ? 'windows-all' : ''}>
      {ofWaiting.length === 0 ? null : (
        <WindowTable title={titleOf('Waiting for their end', ofWaiting.length, waiting)} windows={ofWaiting} />
      )}
      {ofKept.length === 0 ? null : (
        <WindowTable
          title={titleOf('Fired, and kept for late events', ofKept.length, total - waiting)}
          windows={ofKept}
        />
      )}
    </div>
  );
}

function titleOf(what: string, shown: number, all: number): string {
  return shown === all ? what : `${what}: the first ${formatCount(shown)} of ${formatCount(all)}`;
}

function noteOf({ total, waiting }: Explanation): string | undefined {
  if (total === 0) return undefined;
  const kept = total - waiting;
  return `${formatCount(waiting)} waiting${kept === 0 ? '' : `, ${formatCount(kept)} fired and kept`}`;
}

/** What the watermark waits for, in a sentence. */
function Standing({ standing }: { readonly standing: Explanation }) {
  const { watermark, held_back_by: holder, active, idle, finished } = standing;
  const left = [...leftOut('silent, so not waited for', idle), ...leftOut('ended', finished)];
  const partition = holder === null ? null : <strong>{holder.partition}</strong>;
  const at = watermark === null ? null : formatMoment(watermark, Date.now());
  return (
    <p class="standing">
      {at === null ? 'There is no watermark' : `The watermark is at ${at}`}
      {partition === null ? ': no partition is active.' : null}
      {partition !== null && at === null ? <> yet: partition {partition} has not had an event.</> : null}
      {partition !== null && at !== null && active > 1 ? (
        <>
          , held there by partition {partition}, the furthest behind of {formatCount(active)}.
        </>
      ) : null}
      {partition !== null && at !== null && active === 1 ? (
        <>: that of partition {partition}, the only one that is active.</>
      ) : null}
      {left.length === 0 ? null : ` ${left.join(' ')}`}
    </p>
  );
}

function leftOut(what: string, ids: readonly string[]): readonly string[] {
  if (ids.length === 0) return [];
  const shown = ids.slice(0, 5).join(', ');
  return [`${formatCount(ids.length)} ${what}: ${shown}${ids.length > 5 ? ', …' : ''}.`];
}

function WindowTable({ title, windows }: { readonly title: string; readonly windows: readonly Explained[] }) {
  const now = Date.now();
  return (
    <div class="scroller" tabIndex={0} role="region" aria-label={title}>
      <table class="windows-table" role="table">
        <caption>{title}</caption>
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader">
              Window
            </th>
            <th scope="col" role="columnheader">
              Keys
            </th>
            <th scope="col" role="columnheader">
              To its end
            </th>
            <th scope="col" role="columnheader">
              Why
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {windows.map((window) => (
            <tr role="row" key={`${window.window}/${window.start}/${window.end}/${String(window.fired)}`}>
              <td role="cell">
                {formatWindow(window.start, window.end, now)}
                <span class="sub">{window.window}</span>
              </td>
              <td role="cell">{window.keys === 1 ? oneKey(window) : `${formatCount(window.keys)} keys`}</td>
              <td role="cell">
                <Way window={window} />
              </td>
              <td role="cell" class="why">
                {window.text}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function oneKey({ key }: Explained): string {
  return key === null ? 'all events' : formatKey(fieldsOfKey(key));
}

/** How far the watermark has come through the window, and how far it still is. */
function Way({ window: { start, end, remaining_seconds: remaining, reason } }: { readonly window: Explained }) {
  if (reason === 'fired') return <span class="sub">it is over</span>;
  if (remaining === null) return <span class="sub">not known</span>;
  const length = (Date.parse(end) - Date.parse(start)) / 1000;
  const share = Math.min(1, Math.max(0, 1 - remaining / length));
  return (
    <span class="way">
      <span class="way-bar" aria-hidden="true">
        <span style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </span>
      {formatSeconds(remaining)}
    </span>
  );
}
