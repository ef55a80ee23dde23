import type { Instant } from '../time/instant.ts';
import type { GroupingKey } from './grouping-key.ts';

/** The time an event is windowed by, and where it comes from. */
export interface EventTimestamp {
  /** `event`: a field of the event; `ingestion`: when its source received it; `processing`: when it was handled. */
  readonly type: 'event' | 'ingestion' | 'processing';
  readonly at: Instant;
}

/** Builds an {@link EventTimestamp}. */
export const EventTimestamp = {
  event: (at: Instant): EventTimestamp => ({ type: 'event', at }),
  ingestion: (at: Instant): EventTimestamp => ({ type: 'ingestion', at }),
  processing: (at: Instant): EventTimestamp => ({ type: 'processing', at }),
} as const;

/** Where an event stood in its source. */
export interface EventMetadata {
  readonly partition: string;
  readonly offset: number;
}

/** An event of type `T` with all that the processor knows of it. */
export interface ProcessorEvent<T> {
  readonly data: T;
  readonly timestamp: EventTimestamp;
  /** When the processor handled the event. */
  readonly processingTime: Instant;
  readonly key: GroupingKey | null;
  readonly metadata: EventMetadata;
}
