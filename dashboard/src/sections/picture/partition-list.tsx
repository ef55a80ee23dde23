import { useState } from 'preact/hooks';
import type { Partitions } from '../../../../src/http/api/types.ts';
import { formatBytes, formatCount, formatSeconds, formatShare } from '../../format/numbers.ts';
import { Loading } from '../../parts/placeholder.tsx';

type Partition = Partitions['partitions'][number];

const FEW = 6;

/** The partitions, those that hold the others back first. */
export function PartitionList({ partitions }: { readonly partitions: Partitions | null }) {
  const [isAll, setIsAll] = useState(false);
  if (partitions === null) return <Loading what="partitions" />;
  if (partitions.total === 0) return <p class="sub">None yet: the source is being opened.</p>;
  const sorted = partitions.partitions.toSorted(
    (a, b) => Number(b.holds_back) - Number(a.holds_back) || (b.behind_seconds ?? 0) - (a.behind_seconds ?? 0),
  );
  const shown = isAll ? sorted : sorted.slice(0, FEW);
  const furthest = Math.max(1, ...sorted.map(({ behind_seconds: behind }) => behind ?? 0));
  return (
    <>
      <ul class={`partitions${isAll ? ' partitions-all' : ''}`}>
        {shown.map((partition) => (
          <PartitionItem key={partition.id} partition={partition} furthest={furthest} />
        ))}
      </ul>
      {sorted.length <= FEW ? null : (
        <button type="button" class="button" aria-expanded={isAll} onClick={() => setIsAll(!isAll)}>
          {isAll ? 'Show fewer' : `Show all ${formatCount(sorted.length)}`}
        </button>
      )}
    </>
  );
}

function PartitionItem({ partition, furthest }: { readonly partition: Partition; readonly furthest: number }) {
  const { id, state, holds_back: holdsBack, behind_seconds: behind } = partition;
  const share = Math.min(1, (behind ?? 0) / furthest);
  return (
    <li class={`partition partition-${state}`}>
      <p class="partition-head">
        <strong title={id}>{id}</strong>
        {state === 'active' ? null : <span class="tag">{state}</span>}
        {holdsBack ? (
          <span class="tag tag-main" title="The watermark of the pipeline waits for this partition">
            holds the watermark
          </span>
        ) : null}
      </p>
      <span class="lag-bar" aria-hidden="true">
        <span style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </span>
      <p class="sub">
        {behindText(partition)} · {progressText(partition)}
      </p>
    </li>
  );
}

function behindText({ state, watermark, behind_seconds: behind }: Partition): string {
  if (state === 'finished') return 'at its end';
  if (watermark === null) return 'no event yet';
  return behind === null || behind < 0.05 ? 'furthest ahead' : `${formatSeconds(behind)} behind the furthest`;
}

/** How much there is still to read, as far as the source can tell. */
function progressText({
  lag_records: lag,
  bytes_read: read,
  bytes_total: total,
  caught_up: caughtUp,
  offset,
}: Partition): string {
  if (lag !== null) return lag === 0 ? 'nothing waits' : `${formatCount(lag)} records wait`;
  if (read !== null && total !== null) return `${formatBytes(read)} read, ${formatShare(read, total)}`;
  return caughtUp ? `nothing waits, at ${formatCount(offset)}` : `at ${formatCount(offset)}`;
}
