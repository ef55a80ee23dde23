import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** What a handler finds in `env`: Node's own request and response. */
export interface HttpBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** A listener for Node's HTTP server that hands each request to a handler of web requests. */
export declare function getRequestListener(
  fetch: (request: Request, env: HttpBindings) => Response | Promise<Response>,
  options?: {
    /** Host of the URL where the request names none. */
    readonly hostname?: string;
    /** The response to a request that cannot be made into a web request. */
    readonly errorHandler?: (error: unknown) => Response | Promise<Response>;
    /** False: `Request` and `Response` stay those of Node. */
    readonly overrideGlobalObjects?: boolean;
  },
): RequestListener;
