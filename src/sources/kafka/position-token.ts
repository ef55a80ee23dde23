import type { SourcePosition } from '../../event/source-position.ts';

/** What a position says besides its offset: which topic of that name it is of, and who led the partition. */
export interface PositionToken {
  /** Id of the topic; another one of the same name has another. */
  readonly topicId: string;
  /** Epoch of the leader that wrote the last record before the position; −1 where there is none. */
  readonly leaderEpoch: number;
}

/** The token as text. */
export function tokenText({ topicId, leaderEpoch }: PositionToken): string {
  return `${topicId}@${leaderEpoch}`;
}

/** What a position's token says; undefined where it has none that can be read. */
export function tokenOf(position: SourcePosition): PositionToken | undefined {
  const found = /^([\da-f-]{36})@(-?\d+)$/.exec(position.token ?? '');
  return found === null ? undefined : { topicId: found[1] ?? '', leaderEpoch: Number(found[2]) };
}
