/** Where reading of a partition goes on: what an epoch commits for it. */
export interface SourcePosition {
  /** Offset of the next record to read, counted as the source counts. */
  readonly offset: number;
  /** What else the source needs to find its place again, such as a file's identity. Its own text. */
  readonly token?: string;
}

/** Where reading goes on, by partition id. */
export type Positions = ReadonlyMap<string, SourcePosition>;
