import { BearerToken } from '../sources/http/bearer-token.ts';
import { fail, type RequestContext } from './answers.ts';

/** Who may see and do what is behind the token of the server. */
export class Access {
  readonly #token: BearerToken | null;

  /** Without a token everybody may who reaches the server. */
  constructor(token: string | undefined) {
    this.#token = token === undefined ? null : new BearerToken(token);
  }

  /** True where a token is asked for. */
  get asksForToken(): boolean {
    return this.#token !== null;
  }

  /** True where an `Authorization` header carries the token, or none is asked for. */
  admits(authorization: string | undefined): boolean {
    return this.#token === null || this.#token.isIn(authorization);
  }
}

/** The answer to a request without the token. */
export function unauthorized(c: RequestContext, message: string): Response {
  c.header('www-authenticate', 'Bearer realm="processor"');
  return fail(c, 401, 'unauthorized', message);
}
