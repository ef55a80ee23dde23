import { ProcessorError } from '../errors/processor-error.ts';

/** A delivery that was refused, with what was underneath as its cause. */
export function sinkFailed(message: string, cause?: unknown): ProcessorError<'sink'> {
  return new ProcessorError('sink', 'SINK_FAILED', message, cause === undefined ? {} : { cause });
}

/** A delivery for which the disk has no room: to be tried again, for as long as it takes. */
export function sinkFull(message: string, cause: unknown): ProcessorError<'sink'> {
  return new ProcessorError('sink', 'SINK_FULL', message, { cause });
}

/** A delivery to a server that is down, or busy with itself: to be tried again, for as long as it takes. */
export function sinkUnavailable(message: string, cause?: unknown): ProcessorError<'sink'> {
  return new ProcessorError('sink', 'SINK_UNAVAILABLE', message, cause === undefined ? {} : { cause });
}

/** A delivery by a process that another one has taken over from: never to be tried again, nor left out. */
export function sinkFenced(message: string): ProcessorError<'sink'> {
  return new ProcessorError('sink', 'SINK_FENCED', message);
}

/** A delivery that was given up before the sink had taken it. */
export function sinkTimedOut(message: string): ProcessorError<'sink'> {
  return new ProcessorError('sink', 'SINK_TIMEOUT', message);
}

/** Some items that a sink refuses for what they are; the others of the delivery may pass without them. */
export class ItemsRefused extends ProcessorError<'sink'> {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[], message: string, cause?: unknown) {
    super('sink', 'SINK_REFUSED', message, cause === undefined ? {} : { cause });
    this.items = items;
  }
}

/** Resolves or rejects as `work` does; rejects with `givenUp()` where `signal` aborts first. The work itself goes on. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, givenUp: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(givenUp());
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
