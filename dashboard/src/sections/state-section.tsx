import type { Checkpoints, Epochs, Problems, Status } from '../../../src/http/api/types.ts';
import { Sparkline } from '../chart/sparkline.tsx';
import { formatBytes, formatCount, formatMillis, formatSeconds } from '../format/numbers.ts';
import { formatMoment } from '../format/times.ts';
import { Card } from '../parts/card.tsx';
import { HealthMark } from '../parts/health-mark.tsx';
import { Fetched, Placeholder } from '../parts/placeholder.tsx';
import { useResource } from '../state/use-resource.ts';

/** How progress is kept: epochs, checkpoints, and what has gone wrong. */
export function StateSection({ status }: { readonly status: Status }) {
  const { storage } = status;
  return (
    <Card id="state" title="State" note={`in ${storage.backend}, ${formatBytes(storage.size_bytes)}`}>
      {storage.full ? (
        <p class="error" role="alert">
          The disk is full: the processor waits for room, and loses nothing.
        </p>
      ) : null}
      <div class="columns columns-3">
        <EpochList status={status} />
        <CheckpointList status={status} />
        <ProblemList />
      </div>
    </Card>
  );
}

function EpochList({ status }: { readonly status: Status }) {
  const epochs = useResource<Epochs>('epochs?limit=200', { every: 2000 });
  const last = status.storage.last_commit;
  return (
    <div>
      <h3>Epochs</h3>
      <p class="figure">
        <span class="figure-value">{formatCount(status.epoch)}</span>
        <span class="sub">
          {last === null
            ? 'none committed by this process yet'
            : `committed ${agoText(last.age_seconds)}, in ${formatMillis(last.duration_seconds * 1000)}`}
        </span>
      </p>
      <Fetched resource={epochs} what="epochs">
        {(data) => <RecentEpochs epochs={data.epochs} />}
      </Fetched>
    </div>
  );
}

/** A moment in the near past; what changes with every look is not told. */
function agoText(seconds: number): string {
  return seconds < 1 ? 'just now' : `${formatSeconds(seconds)} ago`;
}

function RecentEpochs({ epochs }: { readonly epochs: Epochs['epochs'] }) {
  const now = Date.now();
  const notable = epochs.filter(({ results }) => results > 0);
  const times = epochs.map(({ commit_seconds: seconds }) => seconds);
  return (
    <>
      {epochs.length < 2 ? null : (
        <p class="trend-line">
          <Sparkline values={times.toReversed()} width={220} height={32} floor={0} />
          <span class="sub">
            time of the last {String(times.length)} commits, {formatMillis(Math.max(...times) * 1000)} at most
          </span>
        </p>
      )}
      {notable.length === 0 ? null : (
        <table class="small-table">
          <caption>The last that had results</caption>
          <thead>
            <tr>
              <th scope="col">Epoch</th>
              <th scope="col">At</th>
              <th scope="col" class="number">
                Results
              </th>
              <th scope="col" class="number">
                Delivery
              </th>
            </tr>
          </thead>
          <tbody>
            {notable.slice(0, 6).map(({ epoch, time, results, delivery_seconds: delivery }) => (
              <tr key={epoch}>
                <td>{formatCount(epoch)}</td>
                <td>{formatMoment(time, now)}</td>
                <td class="number">{formatCount(results)}</td>
                <td class="number">{delivery === null ? '–' : formatMillis(delivery * 1000)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function CheckpointList({ status }: { readonly status: Status }) {
  const { last_checkpoint: last, checkpoint_failures: failures, backend } = status.storage;
  const checkpoints = useResource<Checkpoints>('checkpoints?limit=6', {
    version: `${last?.id ?? ''}/${String(failures)}`,
  });
  const now = Date.now();
  return (
    <div>
      <h3>Checkpoints</h3>
      {last === null ? (
        <Placeholder title="No checkpoint">
          {backend === 'memory'
            ? 'The state is in memory, and lost with the process.'
            : 'The first is made when its interval has passed.'}
        </Placeholder>
      ) : (
        <p class="figure">
          <span class="figure-value">{agoText(last.age_seconds)}</span>
          <span class="sub">
            {last.id}, {formatBytes(last.size_bytes)}
          </span>
        </p>
      )}
      {failures > 0 ? <p class="error">{formatCount(failures)} could not be made, looked up or deleted.</p> : null}
      <Fetched resource={checkpoints} what="checkpoints">
        {({ checkpoints: all }) =>
          all.length === 0 ? null : (
            <ul class="records" tabIndex={0} aria-label="Recent checkpoints">
              {all.map(({ id, time, duration_seconds: duration, size_bytes: size, error }) => (
                <li key={`${id}/${time}`}>
                  <p class="record-head">
                    <strong>
                      <HealthMark health={error === null ? 'ok' : 'failed'} /> {id}
                    </strong>
                    <span class="sub">{formatMoment(time, now)}</span>
                  </p>
                  <p class="record-why">{error ?? `${formatBytes(size ?? 0)} in ${formatMillis(duration * 1000)}`}</p>
                </li>
              ))}
            </ul>
          )
        }
      </Fetched>
    </div>
  );
}

function ProblemList() {
  const problems = useResource<Problems>('problems?limit=20', { every: 2000 });
  const now = Date.now();
  return (
    <div>
      <h3>Warnings and errors</h3>
      <Fetched resource={problems} what="problems">
        {({ problems: all }) =>
          all.length === 0 ? (
            <Placeholder title="None so far">What the run warns of is shown here, whatever is logged.</Placeholder>
          ) : (
            <ul class="records" tabIndex={0} aria-label="Recent warnings and errors">
              {all.map(({ time, level, message, details }, index) => (
                <li key={`${time}/${String(index)}`}>
                  <p class="record-head">
                    <strong>
                      <HealthMark health={level === 'error' ? 'failed' : 'degraded'} /> {message}
                    </strong>
                    <span class="sub">{formatMoment(time, now)}</span>
                  </p>
                  <p class="record-why">
                    {Object.entries(details)
                      .map(([name, value]) => `${name}: ${value}`)
                      .join(' · ')}
                  </p>
                </li>
              ))}
            </ul>
          )
        }
      </Fetched>
    </div>
  );
}
