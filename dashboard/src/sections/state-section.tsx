import type { Checkpoints, Epochs, Problems, Status } from '../../../src/http/api/types.ts';
import { Sparkline } from '../chart/sparkline.tsx';
import { formatBytes, formatCount, formatMillis, formatSeconds } from '../format/numbers.ts';
import { formatMoment } from '../format/times.ts';
import { Card } from '../parts/card.tsx';
import { HealthMark } from '../parts/health-mark.tsx';
import { Loading, Placeholder } from '../parts/placeholder.tsx';
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
  const { data } = useResource<Epochs>('epochs?limit=200', { every: 2000 });
  const last = status.storage.last_commit;
  const now = Date.now();
  const notable = data?.epochs.filter(({ results }) => results > 0) ?? [];
  return (
    <div>
      <h3>Epochs</h3>
      <p class="figure">
        <span class="figure-value">{formatCount(status.epoch)}</span>
        <span class="sub">
          {last === null
            ? 'none committed by this process yet'
            : `committed ${formatSeconds(last.age_seconds)} ago, in ${formatMillis(last.duration_seconds * 1000)}`}
        </span>
      </p>
      {data === null ? <Loading what="epochs" /> : null}
      {data !== null && data.epochs.length > 1 ? (
        <p class="trend-line">
          <Sparkline
            values={data.epochs.map(({ commit_seconds: seconds }) => seconds).toReversed()}
            width={220}
            height={32}
            floor={0}
          />
          <span class="sub">time of the last {String(data.epochs.length)} commits</span>
        </p>
      ) : null}
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
    </div>
  );
}

function CheckpointList({ status }: { readonly status: Status }) {
  const { last_checkpoint: last, checkpoint_failures: failures, backend } = status.storage;
  const { data } = useResource<Checkpoints>('checkpoints?limit=6', {
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
          <span class="figure-value">{formatSeconds(last.age_seconds)} ago</span>
          <span class="sub">
            {last.id}, {formatBytes(last.size_bytes)}
          </span>
        </p>
      )}
      {failures > 0 ? <p class="error">{formatCount(failures)} could not be made, looked up or deleted.</p> : null}
      {data === null || data.checkpoints.length === 0 ? null : (
        <ul class="records" tabIndex={0} aria-label="Recent checkpoints">
          {data.checkpoints.map(({ id, time, duration_seconds: duration, size_bytes: size, error }) => (
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
      )}
    </div>
  );
}

function ProblemList() {
  const { data } = useResource<Problems>('problems?limit=20', { every: 2000 });
  const now = Date.now();
  return (
    <div>
      <h3>Warnings and errors</h3>
      {data === null ? <Loading what="problems" /> : null}
      {data !== null && data.problems.length === 0 ? (
        <Placeholder title="None so far">What the run warns of is shown here, whatever is logged.</Placeholder>
      ) : null}
      {data === null || data.problems.length === 0 ? null : (
        <ul class="records" tabIndex={0} aria-label="Recent warnings and errors">
          {data.problems.map(({ time, level, message, details }, index) => (
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
      )}
    </div>
  );
}
