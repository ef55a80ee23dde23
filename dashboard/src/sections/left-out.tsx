import type { ComponentChildren } from 'preact';
import type { DeadLetters, LateEvents, Status } from '../../../src/http/api/types.ts';
import { fieldsOfKey, formatKey } from '../format/keys.ts';
import { formatBytes, formatCount, formatSeconds } from '../format/numbers.ts';
import { formatMoment, formatWindow } from '../format/times.ts';
import { Card } from '../parts/card.tsx';
import { Fetched, Placeholder } from '../parts/placeholder.tsx';
import { useResource } from '../state/use-resource.ts';

const SHOWN = 20;

type Preview = DeadLetters['dead_letters'][number]['preview'];

/** What is in no result: records that could not be used, and events that came too late. */
export function LeftOut({ status }: { readonly status: Status }) {
  const { counters } = status;
  return (
    <Card id="left-out" title="Left out" note={noteOf(counters)}>
      <div class="columns">
        <Rejected status={status} />
        <Late status={status} />
      </div>
    </Card>
  );
}

function noteOf({ rejected, dropped_late: late, filtered, unassigned, skipped }: Status['counters']): string {
  const others = [
    [filtered, 'filtered out'],
    [unassigned, 'in no window'],
    [skipped, 'refused by a sink'],
  ] as const;
  const rest = others.flatMap(([count, what]) => (count === 0 ? [] : [`${formatCount(count)} ${what}`]));
  return [`${formatCount(rejected)} rejected`, `${formatCount(late)} too late`, ...rest].join(', ');
}

/** Why a list is empty although there is something to be told of. */
const NOT_SEEN = 'They are listed when they have been delivered, and those of an earlier process are not.';

function Rejected({ status }: { readonly status: Status }) {
  const { rejections, counters } = status;
  const letters = useResource<DeadLetters>(`dead-letters?limit=${String(SHOWN)}`, {
    version: counters.rejected + counters.skipped,
  });
  const most = Math.max(1, ...rejections.map(({ count }) => count));
  return (
    <div>
      <h3>Rejected records</h3>
      {rejections.length === 0 ? null : (
        <ul class="reasons">
          {rejections.map(({ reason, count, example }) => (
            <li key={reason} title={example}>
              <span class="reason-name">{reason.replaceAll('_', ' ')}</span>
              <span class="reason-bar" aria-hidden="true">
                <span style={{ width: `${((100 * count) / most).toFixed(1)}%` }} />
              </span>
              <span class="number">{formatCount(count)}</span>
            </li>
          ))}
        </ul>
      )}
      <Fetched resource={letters} what="rejected records">
        {({ dead_letters: records }) =>
          records.length === 0 ? (
            <Placeholder title={counters.rejected === 0 ? 'No record was rejected' : 'None to be listed'}>
              {counters.rejected === 0 ? 'One that cannot be used is shown here with the reason.' : NOT_SEEN}
            </Placeholder>
          ) : (
            <ul class="records" tabIndex={0} aria-label="Recently rejected records">
              {records.map(({ time, reason, message, path, partition, offset, preview }, index) => (
                <LeftRecord
                  key={`${partition}/${String(offset)}/${time}/${String(index)}`}
                  title={reason.replaceAll('_', ' ')}
                  place={placeText(partition, offset)}
                  time={time}
                  preview={preview}
                >
                  {message}
                  {path === null || message.includes(path) ? null : ` (at ${path})`}
                </LeftRecord>
              ))}
            </ul>
          )
        }
      </Fetched>
    </div>
  );
}

function Late({ status }: { readonly status: Status }) {
  const { counters } = status;
  const late = useResource<LateEvents>(`late-events?limit=${String(SHOWN)}`, { version: counters.dropped_late });
  const now = Date.now();
  return (
    <div>
      <h3>Events that came too late</h3>
      {counters.accepted_late === 0 ? null : (
        <p class="sub">
          {formatCount(counters.accepted_late)} more came late and were still counted: their windows fired again.
        </p>
      )}
      <Fetched resource={late} what="late events">
        {({ late_events: events }) =>
          events.length === 0 ? (
            <Placeholder title={counters.dropped_late === 0 ? 'No event came too late' : 'None to be listed'}>
              {counters.dropped_late === 0 ? 'One that comes after its window was let go of is shown here.' : NOT_SEEN}
            </Placeholder>
          ) : (
            <ul class="records" tabIndex={0} aria-label="Recent events that came too late">
              {events.map(({ time, lateness_seconds: lateness, window, partition, offset, preview }, index) => (
                <LeftRecord
                  key={`${partition}/${String(offset)}/${window.start}/${String(index)}`}
                  title={`${formatSeconds(lateness)} behind the watermark`}
                  place={placeText(partition, offset)}
                  time={time}
                  preview={preview}
                >
                  for {window.key === null ? 'all events' : formatKey(fieldsOfKey(window.key))},{' '}
                  {formatWindow(window.start, window.end, now)}
                </LeftRecord>
              ))}
            </ul>
          )
        }
      </Fetched>
    </div>
  );
}

function placeText(partition: string, offset: number | null): string {
  return offset === null ? partition : `${partition} @ ${formatCount(offset)}`;
}

interface LeftRecordProps {
  readonly title: string;
  readonly place: string;
  readonly time: string;
  readonly preview: Preview;
  readonly children: ComponentChildren;
}

function LeftRecord({ title, place, time, preview, children }: LeftRecordProps) {
  const cut = preview.is_cut ? ` … (${formatBytes(preview.size_bytes)} in all)` : '';
  return (
    <li>
      <p class="record-head">
        <strong>{title}</strong>
        <span class="sub">
          {place} · {formatMoment(time, Date.now())}
        </span>
      </p>
      <p class="record-why">{children}</p>
      <code class="record-bytes">
        <span>
          {preview.text === '' ? '(no bytes)' : preview.text}
          {cut}
        </span>
      </code>
    </li>
  );
}
