import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import { ErrorHandler, ErrorPolicy } from './error-handler.ts';

const sink: EventSink<DeadLetter> = { name: 'dead letters', send: () => undefined };

describe('ErrorHandler', () => {
  it.each<{ what: string; handler: ErrorHandler; expected: object }>([
    {
      what: 'by default',
      handler: new ErrorHandler(),
      expected: {
        policy: 'retry',
        maxAttempts: 3,
        initialDelayMs: 100,
        maxDelayMs: 5000,
        deliveryTimeoutMs: 30_000,
        sink: undefined,
      },
    },
    {
      what: 'with its own numbers',
      handler: new ErrorHandler(ErrorPolicy.retry({ maxAttempts: Infinity, initialDelay: '1s', maxDelay: '1m' })),
      expected: { policy: 'retry', maxAttempts: Infinity, initialDelayMs: 1000, maxDelayMs: 60_000 },
    },
    {
      what: 'with a first delay beyond the default of the longest',
      handler: new ErrorHandler(ErrorPolicy.retry({ initialDelay: '10s' })),
      expected: { initialDelayMs: 10_000, maxDelayMs: 10_000 },
    },
    {
      what: 'without retries',
      handler: new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 0 })),
      expected: { policy: 'retry', maxAttempts: 0 },
    },
    { what: 'to skip', handler: new ErrorHandler(ErrorPolicy.skip()), expected: { policy: 'skip', maxAttempts: 0 } },
    {
      what: 'to dead letters',
      handler: new ErrorHandler(ErrorPolicy.deadLetter(), { sink, deliveryTimeout: '5s' }),
      expected: { policy: 'dead_letter', maxAttempts: 0, sink, deliveryTimeoutMs: 5000 },
    },
  ])('$what', ({ handler, expected }) => {
    expect(handler).toMatchObject(expected);
  });

  it.each([
    ErrorPolicy.retry({ maxAttempts: 7, initialDelay: 5, maxDelay: 50 }),
    ErrorPolicy.skip(),
    ErrorPolicy.deadLetter(),
  ])('is the same with another sink, and stays as it was: $type', (policy) => {
    const handler = new ErrorHandler(policy, { deliveryTimeout: 77 });
    expect(handler.withSink(sink)).toEqual(new ErrorHandler(policy, { deliveryTimeout: 77, sink }));
    expect(handler.sink).toBeUndefined();
  });

  it.each<[string, () => ErrorHandler, string]>([
    ['a negative number of retries', () => new ErrorHandler(ErrorPolicy.retry({ maxAttempts: -1 })), 'CONFIG_INVALID'],
    ['half a retry', () => new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 0.5 })), 'CONFIG_INVALID'],
    ['NaN retries', () => new ErrorHandler(ErrorPolicy.retry({ maxAttempts: Number.NaN })), 'CONFIG_INVALID'],
    [
      'a first delay longer than the longest',
      () => new ErrorHandler(ErrorPolicy.retry({ initialDelay: 2, maxDelay: 1 })),
      'CONFIG_INVALID',
    ],
    ['no time to deliver in', () => new ErrorHandler(ErrorPolicy.skip(), { deliveryTimeout: 0 }), 'CONFIG_INVALID'],
    ['a delay that is none', () => new ErrorHandler(ErrorPolicy.retry({ initialDelay: 'soon' })), 'DURATION_INVALID'],
  ])('refuses %s', (_what, make, code) => {
    expect(make).toThrow(expect.objectContaining({ kind: 'configuration', code }));
  });
});
