import type { Window } from '../event/window.ts';
import { formatInstant, type Instant, type Millis } from '../time/instant.ts';

/** What a late event is made from. */
export interface LateEventInit {
  readonly window: Window;
  readonly eventTime: Instant;
  readonly watermark: Instant;
  readonly partition: string;
  readonly offset: number;
  readonly raw: Uint8Array;
  readonly data: unknown;
  readonly timestamp: Instant;
}

/** An event that came too late for one window. An event too late for several windows is several of these. */
export class LateEvent {
  /** The window that the event was dropped from. */
  readonly window: Window;
  readonly eventTime: Instant;
  /** The watermark that the event was judged by. */
  readonly watermark: Instant;
  readonly partition: string;
  readonly offset: number;
  /** The event's bytes; JSON of `data` where the source has no bytes. */
  readonly raw: Uint8Array;
  /** The event as a JavaScript value where the pipeline holds it, else undefined. */
  readonly data: unknown;
  /** When it was dropped, by the clock. */
  readonly timestamp: Instant;

  constructor(init: LateEventInit) {
    this.window = init.window;
    this.eventTime = init.eventTime;
    this.watermark = init.watermark;
    this.partition = init.partition;
    this.offset = init.offset;
    this.raw = init.raw;
    this.data = init.data;
    this.timestamp = init.timestamp;
  }

  /** How far behind the watermark the event was, in ms. */
  get latenessMs(): Millis {
    return this.watermark - this.eventTime;
  }

  toJSON(): object {
    return {
      error: { code: 'late', message: 'The event came after its window had closed.', path: null },
      source: { partition: this.partition, offset: this.offset },
      window: this.window,
      watermark: formatInstant(this.watermark),
      lateness_ms: this.latenessMs,
      raw: Buffer.from(this.raw.buffer, this.raw.byteOffset, this.raw.byteLength).toString('base64'),
      timestamp: formatInstant(this.timestamp),
    };
  }
}
