import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { AggregationResult } from '../../results/aggregation-result.ts';
import type { Delivery, EventSink } from '../event-sink.ts';
import { sinkFailed } from '../sink-error.ts';

/**
 * Hands each result to a function, in order, the next one when the function is done with the last. An error that it
 * throws is handled as any sink's: a result tried again is handed over again, with the same id.
 */
export class CallbackSink<T = AggregationResult> implements EventSink<T> {
  readonly name = 'callback';
  readonly #callback: (item: T, delivery: Delivery) => void | Promise<void>;

  /** @throws ProcessorError CONFIG_INVALID for what is no function. */
  constructor(callback: (item: T, delivery: Delivery) => void | Promise<void>) {
    if (typeof callback !== 'function') {
      const found = JSON.stringify(typeof callback);
      throw new ProcessorError('configuration', 'CONFIG_INVALID', `a callback sink needs a function, found ${found}`);
    }
    this.#callback = callback;
  }

  async send(item: T, delivery: Delivery): Promise<void> {
    try {
      await this.#callback(item, delivery);
    } catch (error) {
      throw ProcessorError.is(error, 'sink') ? error : sinkFailed(`the callback failed: ${messageOf(error)}`, error);
    }
  }
}
