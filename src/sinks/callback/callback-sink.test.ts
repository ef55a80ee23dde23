import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../../errors/processor-error.ts';
import { delivery, describeEventSink } from '../event-sink.contract.ts';
import { CallbackSink } from './callback-sink.ts';

describeEventSink('CallbackSink', () => {
  const numbers: number[] = [];
  const sink = new CallbackSink<number>(async (number) => {
    await Promise.resolve();
    numbers.push(number);
  });
  return { sink, item: (number) => number, arrived: () => numbers };
});

describe('CallbackSink', () => {
  it.each([
    [
      'throws',
      (): void => {
        throw new Error('no room');
      },
    ],
    ['rejects', (): Promise<void> => Promise.reject(new Error('no room'))],
  ])('rejects with SINK_FAILED and the cause where the callback %s', async (_how, callback) => {
    const error: unknown = await new CallbackSink(callback)
      .send(1 as never, delivery())
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'sink', code: 'SINK_FAILED', message: 'the callback failed: no room' });
    expect(error).toMatchObject({ cause: { message: 'no room' } });
  });

  it('passes on a sink error as it is', async () => {
    const error = new ProcessorError('sink', 'SINK_TIMEOUT', 'late');
    const sink = new CallbackSink<number>(() => Promise.reject(error));
    await expect(sink.send(1, delivery())).rejects.toBe(error);
  });

  it('refuses what is no function', () => {
    expect(() => new CallbackSink('print' as never)).toThrow(ProcessorError);
  });
});
