import type { Explanation } from '../../../src/http/api/types.ts';
import { fieldsOfKey, formatKey } from '../format/keys.ts';
import { formatCount, formatSeconds } from '../format/numbers.ts';
import { formatMoment, formatWindow } from '../format/times.ts';
import { Card } from '../parts/card.tsx';
import { Loading, Placeholder } from '../parts/placeholder.tsx';
import { useResource } from '../state/use-resource.ts';

type Explained = Explanation['windows'][number];

const SHOWN = 30;
const REFRESH_MS = 2000;

/** The windows that are open, and why each has not fired. */
export function OpenWindows() {
  const { data } = useResource<Explanation>(`windows/explain?limit=${String(SHOWN)}`, { every: REFRESH_MS });
  const waiting = data?.windows.filter(({ fired }) => !fired) ?? [];
  const kept = data?.windows.filter(({ fired }) => fired) ?? [];
  return (
    <Card
      id="windows"
      title="Open windows, and why they have not fired"
      note={data === null ? undefined : noteOf(data)}
    >
      {data === null ? <Loading what="open windows" /> : null}
      {data === null ? null : <Standing standing={data} />}
      {data !== null && data.windows.length === 0 ? (
        <Placeholder title="No window is open">One opens with the next event that belongs to it.</Placeholder>
      ) : null}
      {waiting.length === 0 ? null : <WindowTable title="Waiting for their end" windows={waiting} />}
      {kept.length === 0 ? null : <WindowTable title="Fired, and kept for late events" windows={kept} />}
    </Card>
  );
}

function noteOf({ total, windows }: Explanation): string | undefined {
  if (total === 0) return undefined;
  const all = total === 1 ? '1 span of time' : `${formatCount(total)} spans of time`;
  return total > windows.length ? `the first ${String(windows.length)} of ${all}` : all;
}

/** What the watermark waits for, in a sentence. */
function Standing({ standing }: { readonly standing: Explanation }) {
  const { watermark, held_back_by: holder, active, idle, finished } = standing;
  const left = [...leftOut('silent, so not waited for', idle), ...leftOut('ended', finished)];
  return (
    <p class="standing">
      {watermark === null ? 'There is no watermark' : `The watermark is at ${formatMoment(watermark, Date.now())}`}
      {holder === null ? ': no partition is active.' : null}
      {holder !== null && active > 1 ? (
        <>
          , held there by partition <strong>{holder.partition}</strong>, the furthest behind of {formatCount(active)}.
        </>
      ) : null}
      {holder !== null && active === 1 ? (
        <>
          : that of partition <strong>{holder.partition}</strong>, the only one that is active.
        </>
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
function Way({ window: { start, end, remaining_seconds: remaining, fired } }: { readonly window: Explained }) {
  if (fired) return <span class="sub">it is over</span>;
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
