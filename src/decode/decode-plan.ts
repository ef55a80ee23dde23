import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { GroupingKey } from '../event/grouping-key.ts';
import type { PathStep } from '../event/field-path.ts';
import type { Millis } from '../time/instant.ts';
import type { TimestampUnit } from '../time/timestamp.ts';

/** Where a part of an event comes from: a path into it, or a function of it. */
export type Selector<R = unknown> =
  | { readonly type: 'path'; readonly path: readonly PathStep[]; readonly text: string }
  | { readonly type: 'function'; readonly select: (event: never) => R };

/** A field of the grouping key. */
export interface KeySelector {
  readonly name: string;
  /** A function may give text, a number, a boolean, null or undefined. */
  readonly selector: Selector;
}

/** A metric: the name it has in results, and where its value comes from. */
export interface MetricSelector {
  readonly name: string;
  /** A function may give a number, null or undefined. */
  readonly selector: Selector;
}

/** A step between the decoded event and the windows. Synchronous. */
export type Transform =
  | { readonly type: 'schema'; readonly schema: StandardSchemaV1 }
  | { readonly type: 'filter'; readonly apply: (event: never) => boolean }
  | { readonly type: 'map'; readonly apply: (event: never) => unknown }
  | { readonly type: 'flat-map'; readonly apply: (event: never) => Iterable<unknown> };

/**
 * How records become events. Where every selector is a path and there are no transforms, no event is ever made into
 * an object.
 */
export interface DecodePlan {
  /** Where event time comes from; not looked at unless `time` is `event`. A function may give a `Date`, a number or text. */
  readonly timestamp: Selector;
  readonly timestampUnit: TimestampUnit;
  readonly time: 'event' | 'ingestion' | 'processing';
  /** Empty: one global group. A function in place of fields gives a whole key. */
  readonly key: readonly KeySelector[] | ((event: never) => GroupingKey | null);
  /** Empty: only counted. */
  readonly metrics: readonly MetricSelector[];
  /** Applied in order. */
  readonly transforms: readonly Transform[];
  /** An event further ahead of the clock than this is rejected. */
  readonly maxFutureMs: Millis;
}
