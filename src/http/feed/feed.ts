import type { Clock } from '../../time/clock.ts';
import type { Millis } from '../../time/instant.ts';
import type { FeedItem, ResultFollower } from './result-follower.ts';

/** Where a feed sends what it has. */
export interface FeedOutput {
  /** Sends some items. Resolves when the peer can take more; rejects when it is gone. */
  send(items: readonly FeedItem[]): Promise<void>;
  /** Sends a sign of life, with the id of the place that the stream has come to. Resolves like {@link send}. */
  beat(id: string): Promise<void>;
}

/** How a feed has ended: `slow`: the peer did not take what it was sent, or not fast enough. */
export type FeedEnd = 'closed' | 'slow';

/** How long a feed waits for what. */
export interface FeedTimes {
  /** Between two signs of life while there is nothing to send. */
  readonly beatMs: Millis;
  /** How long a peer may leave unread what it was sent. */
  readonly stallMs: Millis;
}

/**
 * Sends a follower what it is to be told, until `signal` aborts or it cannot keep up. Nothing is sent before what was sent
 * has been taken: so much, and no more, is held for a peer that does not read.
 */
export async function feed(
  follower: ResultFollower,
  output: FeedOutput,
  { beatMs, stallMs, clock, signal }: FeedTimes & { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<FeedEnd> {
  let sending = output.beat(follower.id);
  for (;;) {
    const outcome = await taken(sending, stallMs, clock, signal);
    if (outcome !== 'taken') return outcome;
    if (follower.isLeftBehind) return 'slow';
    const items = follower.next();
    if (items.length > 0) {
      sending = output.send(items);
      continue;
    }
    const isNews = await newsWithin(follower, beatMs, clock, signal);
    sending = isNews ? Promise.resolve() : output.beat(follower.id);
  }
}

async function taken(
  sending: Promise<void>,
  stallMs: Millis,
  clock: Clock,
  signal: AbortSignal,
): Promise<'taken' | FeedEnd> {
  const done = new AbortController();
  const end = (): void => done.abort();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const stalled = clock.sleep(stallMs, done.signal).then((): FeedEnd => (signal.aborted ? 'closed' : 'slow'));
    const sent = sending.then(
      (): 'taken' | FeedEnd => (signal.aborted ? 'closed' : 'taken'),
      (): FeedEnd => 'closed',
    );
    return await Promise.race([sent, stalled]);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

/** True once there is something that the follower has not looked at; false when the time is over. */
async function newsWithin(
  follower: ResultFollower,
  withinMs: Millis,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const end = (): void => over.abort();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    const news = follower.changed(over.signal).then(() => true);
    return await Promise.race([news, clock.sleep(withinMs, over.signal).then(() => false)]);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
