/** An event that was not taken; `index` is its place in the request. */
export interface HttpRejection {
  readonly index: number;
  readonly reason: string;
  readonly message: string;
}

/** What became of a request's events. */
export interface HttpIntakeOutcome {
  /**
   * 202: all were taken. 400: some or all were not events. 413, 415: too large, or of an unknown type. 429: too many
   * for now. 503: the pipeline is not running.
   */
  readonly status: 202 | 400 | 413 | 415 | 429 | 503;
  /** How many were taken, whatever the status. Default 0. */
  readonly accepted?: number;
  /** Default none. */
  readonly rejected?: readonly HttpRejection[];
  /** With 429 and 503: when to come back. Default 1. */
  readonly retryAfterSeconds?: number;
  /** What is wrong with the request as a whole. */
  readonly message?: string;
}

/** The headers of a request by name, in lower case. */
export type HttpHeaders = Readonly<Record<string, string | undefined>>;

/** Where the server hands posted events: what an `HttpSource` offers. */
export interface HttpIntake {
  /** The most bytes a request's body may have. */
  readonly maxBodyBytes: number;
  /**
   * Whether a request with this `Authorization` header may post; undefined where it has none. False for undefined means
   * that a token is asked for.
   */
  authorized(authorization: string | undefined): boolean;
  /** Takes the events of one body. Resolves when they are the pipeline's, which may make the caller wait. */
  readonly accept: (body: Uint8Array, headers: HttpHeaders) => HttpIntakeOutcome | Promise<HttpIntakeOutcome>;
}
