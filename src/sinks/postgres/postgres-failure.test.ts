import { describe, expect, it } from 'vitest';
import { sinkFull } from '../sink-error.ts';
import { failureOf } from './postgres-failure.ts';

function withCode(code: string, message = 'no'): Error {
  return Object.assign(new Error(message), { code });
}

describe('an error of Postgres', () => {
  it.each([
    ['08006', 'SINK_UNAVAILABLE'],
    ['40001', 'SINK_UNAVAILABLE'],
    ['40P01', 'SINK_UNAVAILABLE'],
    ['53300', 'SINK_UNAVAILABLE'],
    ['55P03', 'SINK_UNAVAILABLE'],
    ['57P01', 'SINK_UNAVAILABLE'],
    ['57P03', 'SINK_UNAVAILABLE'],
    ['25006', 'SINK_UNAVAILABLE'],
    ['53100', 'SINK_FULL'],
    ['57014', 'SINK_TIMEOUT'],
    ['57P04', 'SINK_FAILED'],
    ['22P02', 'SINK_FAILED'],
    ['23505', 'SINK_FAILED'],
    ['28P01', 'SINK_FAILED'],
    ['42P01', 'SINK_FAILED'],
    ['XX000', 'SINK_FAILED'],
  ])('with SQLSTATE %s is %s, and says where', (state, code) => {
    const cause = withCode(state);
    const failure = failureOf(cause, 'Postgres at db:5432');
    expect(failure).toMatchObject({ kind: 'sink', code });
    expect(failure.message).toContain(`Postgres at db:5432: no (SQLSTATE ${state})`);
  });

  it('says what to do where that is known', () => {
    expect(failureOf(withCode('28P01'), 'db').message).toBe('db: no (SQLSTATE 28P01); check user and password');
  });
});

describe('an error of the connection', () => {
  it.each([
    [
      withCode('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'),
      'db cannot be reached: connect ECONNREFUSED 127.0.0.1:1',
    ],
    [withCode('EAI_AGAIN'), 'db cannot be reached: no'],
    [new Error('Connection terminated unexpectedly'), 'db cannot be reached: Connection terminated unexpectedly'],
    [new Error('timeout expired'), 'db cannot be reached: timeout expired'],
    [
      Object.assign(new AggregateError([new Error('::1 refuses'), new Error('127.0.0.1 refuses')], ''), {
        code: 'ECONNREFUSED',
      }),
      'db cannot be reached: ::1 refuses, 127.0.0.1 refuses',
    ],
  ])('%o passes by itself', (cause, message) => {
    expect(failureOf(cause, 'db')).toMatchObject({ code: 'SINK_UNAVAILABLE', message });
  });

  it.each([
    [
      withCode('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'),
      'db: self-signed certificate; check tls (sslmode)',
    ],
    [
      new Error('The server does not support SSL connections'),
      'db: The server does not support SSL connections; check tls (sslmode)',
    ],
    [new Error('odd'), 'db: odd'],
    [new Error(''), 'db: it does not say why'],
  ])('%o does not', (cause, message) => {
    expect(failureOf(cause, 'db')).toMatchObject({ code: 'SINK_FAILED', message });
  });

  it('that is one of a sink already stays what it is', () => {
    const error = sinkFull('no room', undefined);
    expect(failureOf(error, 'db')).toBe(error);
  });
});
