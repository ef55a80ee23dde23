import type { HttpIntakeOutcome } from '../sources/http/intake-outcome.ts';

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
