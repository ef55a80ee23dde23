import { describe, expect, it } from 'vitest';
import { FetchSession, type SessionRequest } from './fetch-session.ts';
import type { KafkaPartition } from './kafka-partition.ts';

const partition = (id: string, fetchOffset = 0): KafkaPartition =>
  ({ id, fetchOffset, currentLeaderEpoch: 0 }) as unknown as KafkaPartition;

/** The request, in short: session, epoch, partitions named, partitions left. */
function short({ sessionId, sessionEpoch, changed, forgotten }: SessionRequest): unknown[] {
  return [sessionId, sessionEpoch, changed.map(({ id }) => id).join(''), forgotten.map(({ id }) => id).join('')];
}

describe('a session', () => {
  it('names all partitions once, and then only what has changed', () => {
    const session = new FetchSession();
    const [a, b, c] = [partition('a'), partition('b'), partition('c')];
    expect(short(session.next([a, b, c]))).toEqual([0, 0, 'abc', '']);
    session.accept(7);
    expect(short(session.next([a, b, c]))).toEqual([7, 1, '', '']);
    session.accept(7);
    b.fetchOffset = 10;
    c.currentLeaderEpoch = 1;
    expect(short(session.next([a, b, c]))).toEqual([7, 2, 'bc', '']);
  });

  it('has partitions that want no more forgotten, and names them again when they do', () => {
    const session = new FetchSession();
    const [a, b] = [partition('a'), partition('b')];
    session.next([a, b]);
    session.accept(7);
    expect(short(session.next([b]))).toEqual([7, 1, '', 'a']);
    session.accept(7);
    expect(short(session.next([a, b]))).toEqual([7, 2, 'a', '']);
  });

  it('begins anew after a failure, in place of the old one or without it', () => {
    const session = new FetchSession();
    const a = partition('a');
    session.next([a]);
    session.accept(7);
    session.reset({ isGone: false });
    expect(short(session.next([a]))).toEqual([7, 0, 'a', '']);
    session.reset({ isGone: true });
    expect(short(session.next([a]))).toEqual([0, 0, 'a', '']);
  });

  it('names all partitions each time where the broker keeps no session', () => {
    const session = new FetchSession();
    const [a, b] = [partition('a'), partition('b')];
    session.next([a, b]);
    session.accept(0);
    expect(short(session.next([a, b]))).toEqual([0, 0, 'ab', '']);
  });

  it('knows whether an answer is to what a partition wants next', () => {
    const session = new FetchSession();
    const a = partition('a', 5);
    expect(session.isAt(a)).toBe(false);
    session.next([a]);
    expect(session.isAt(a)).toBe(true);
    a.fetchOffset = 3;
    expect(session.isAt(a)).toBe(false);
  });
});
