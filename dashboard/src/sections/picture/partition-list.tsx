import { useState } from 'preact/hooks';
import type { Partitions } from '../../../../src/http/api/types.ts';
import { formatBytes, formatCount, formatMillis, formatSeconds, formatShare } from '../../format/numbers.ts';

type Partition = Partitions['partitions'][number];

const FEW = 6;

/** The partitions in an order that stays; where only a few are shown, the one that holds the others back is among them. */
export function PartitionList({ partitions: { partitions, total } }: { readonly partitions: Partitions }) {
  const [isAll, setIsAll] = useState(false);
  if (total === 0) return <p class="sub">None yet: the source is being opened.</p>;
  const shown = isAll ? partitions : fewOf(partitions);
  const furthest = Math.max(1, ...partitions.filter(isWaitedFor).map(({ behind_seconds: behind }) => behind ?? 0));
  return (
    <>
      <ul
        class={`partitions${isAll ? ' partitions-all' : ''}`}
        {...(isAll ? { tabIndex: 0, 'aria-label': 'All partitions' } : {})}
      >
        {shown.map((partition) => (
          <PartitionItem key={partition.id} partition={partition} furthest={furthest} isOnly={total === 1} />
        ))}
      </ul>
      {partitions.length <= FEW ? null : (
        <button type="button" class="button" aria-expanded={isAll} onClick={() => setIsAll(!isAll)}>
          {isAll ? 'Show fewer' : `Show all ${formatCount(partitions.length)}`}
        </button>
      )}
    </>
  );
}

function fewOf(all: readonly Partition[]): readonly Partition[] {
  const first = all.slice(0, FEW);
  const holder = all.slice(FEW).find(({ holds_back: holds }) => holds);
  return holder === undefined ? first : [...first.slice(0, -1), holder];
}

function isWaitedFor({ state }: Partition): boolean {
  return state === 'active';
}

interface PartitionItemProps {
  readonly partition: Partition;
  /** How far the last of those that are waited for is behind, in seconds. */
  readonly furthest: number;
  readonly isOnly: boolean;
}

function PartitionItem({ partition, furthest, isOnly }: PartitionItemProps) {
  const { id, state, holds_back: holdsBack, behind_seconds: behind } = partition;
  const share = isWaitedFor(partition) ? (behind ?? 0) / furthest : 0;
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
      {isOnly ? null : (
        <span class="lag-bar" aria-hidden="true">
          <span style={{ width: `${(share * 100).toFixed(1)}%` }} />
        </span>
      )}
      <p class="sub">{[...behindText(partition, isOnly), progressText(partition)].join(' · ')}</p>
    </li>
  );
}

function behindText({ state, watermark, behind_seconds: behind }: Partition, isOnly: boolean): readonly string[] {
  if (state === 'finished') return ['at its end'];
  if (watermark === null) return ['no event yet'];
  if (isOnly) return [];
  if (behind === null || behind === 0) return ['furthest ahead'];
  return [`${behind < 1 ? formatMillis(behind * 1000) : formatSeconds(behind)} behind the furthest`];
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
