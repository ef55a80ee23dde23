import type { IncomingMessage } from 'node:http';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';

/** What came of reading a body. `gone`: the client has closed the connection. */
export type RequestBody =
  { readonly type: 'whole'; readonly bytes: Uint8Array } | { readonly type: 'too_large' | 'too_slow' | 'gone' };

/** How large a body may be and how long it may take; a body beyond either is given up, not cut. */
export interface BodyLimits {
  /** Bytes as received, before any decompression. */
  readonly maxBytes: number;
  /** How long the whole body may take. */
  readonly timeoutMs: Millis;
  readonly clock: Clock;
}

/** Reads a body within limits; no more than `maxBytes` are ever held, whatever the client has announced. */
export async function readBody(incoming: IncomingMessage, limits: BodyLimits): Promise<RequestBody> {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  if (announced > limits.maxBytes) return { type: 'too_large' };
  const ended = new AbortController();
  const timeout = limits.clock.sleep(limits.timeoutMs, ended.signal).then((): RequestBody => ({ type: 'too_slow' }));
  try {
    return await Promise.race([collect(incoming, limits.maxBytes, ended.signal), timeout]);
  } finally {
    ended.abort();
  }
}

function collect(incoming: IncomingMessage, maxBytes: number, ended: AbortSignal): Promise<RequestBody> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const onData = (chunk: Uint8Array): void => {
      size += chunk.length;
      if (size > maxBytes) resolve({ type: 'too_large' });
      else chunks.push(chunk);
    };
    const onEnd = (): void => resolve({ type: 'whole', bytes: Buffer.concat(chunks, size) });
    const onGone = (): void => resolve({ type: 'gone' });
    ended.addEventListener(
      'abort',
      () => {
        incoming.off('data', onData).off('end', onEnd).off('close', onGone);
        incoming.pause();
      },
      { once: true },
    );
    // An error is followed by `close`; its listener stays, since an error without one ends the process.
    incoming.on('error', onGone).on('data', onData).on('end', onEnd).on('close', onGone);
    if (incoming.destroyed) onGone();
  });
}
