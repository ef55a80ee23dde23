import { messageOf } from '../../errors/message-of.ts';
import type { Positions, SourcePosition } from '../../event/source-position.ts';
import type { KafkaCluster } from '../../kafka/cluster.ts';
import { parsePartitionId } from '../../kafka/partition-id.ts';
import type { Instruments } from '../../telemetry/instruments.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';
import { Bell } from './bell.ts';
import { commitGroupOffsets, type GroupOffset } from './offset-queries.ts';
import { tokenOf } from './position-token.ts';

/** Time between two commits, at least. */
const INTERVAL_MS: Millis = 1000;
/** How long a commit may take when the source is closed. */
const CLOSING_MS: Millis = 2000;

/** What the commits of a group are made with. */
export interface GroupCommitsOptions {
  readonly cluster: KafkaCluster;
  readonly groupId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly instruments: Instruments | undefined;
  readonly timeoutMs: Millis;
  /** The furthest offset that is as good as a position, by what is known of the partition by now. */
  readonly beyond: (id: string, position: SourcePosition) => SourcePosition;
}

/**
 * Commits where the pipeline stands as the offsets of its consumer group: about once a second, and at the end. A commit that
 * fails is told and counted; the next one makes up for it.
 */
export class GroupCommits {
  readonly #options: GroupCommitsOptions;
  readonly #committed = new Map<string, number>();
  readonly #bell = new Bell();
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  #positions: Positions = new Map();
  #isFailing = false;

  constructor(options: GroupCommitsOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** Takes note of positions to commit. */
  note(positions: Positions): void {
    this.#positions = positions;
    this.#bell.ring();
  }

  /** Commits again if there is something new beyond what was noted. */
  look(): void {
    this.#bell.ring();
  }

  /** Commits what is noted, if it can be had soon, and ends. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#bell.ring();
    await this.#ended;
    await this.#commit(CLOSING_MS);
  }

  async #run(): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const { signal } = this.#closing;
    for (;;) {
      await this.#bell.wait();
      if (signal.aborted) return;
      await this.#commit(timeoutMs, signal);
      await clock.sleep(INTERVAL_MS, signal);
    }
  }

  async #commit(timeoutMs: Millis, signal?: AbortSignal): Promise<void> {
    const { cluster, groupId, instruments, logger } = this.#options;
    const offsets = this.#due();
    if (offsets.length === 0) return;
    try {
      await commitGroupOffsets(cluster, groupId, offsets, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
      for (const { id, offset } of offsets) this.#committed.set(id, offset);
      instruments?.count('kafka_offset_commits_total', { outcome: 'ok' }, 1);
      this.#isFailing = false;
    } catch (error) {
      if (signal?.aborted === true) return;
      instruments?.count('kafka_offset_commits_total', { outcome: 'failed' }, 1);
      if (!this.#isFailing)
        logger.warn({ groupId, error: messageOf(error) }, "the group's offsets cannot be committed; will retry");
      this.#isFailing = true;
      // The next position that is noted tries again; until then this does.
      this.#bell.ring();
    }
  }

  /** What stands elsewhere than was last committed. */
  #due(): (GroupOffset & { readonly id: string })[] {
    return [...this.#positions].flatMap(([id, noted]) => {
      const place = parsePartitionId(id);
      const position = this.#options.beyond(id, noted);
      if (place === undefined || this.#committed.get(id) === position.offset) return [];
      const leaderEpoch = tokenOf(position)?.leaderEpoch ?? -1;
      return [{ id, topic: place.topic, index: place.partition, offset: position.offset, leaderEpoch }];
    });
  }
}
