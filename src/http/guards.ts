import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { unauthorized, type Access } from './access.ts';
import { fail, type RequestContext } from './answers.ts';
import type { HostGuard } from './host-guard.ts';

/** A request with more header lines is answered 431. */
export const MAX_HEADERS = 100;

/** What looks at requests before their routes do. */
export type Guard = MiddlewareHandler<{ Bindings: HttpBindings }>;

const HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

/** Sends with every answer what keeps browsers from doing more with it than was meant, unless the route has its own. */
export const secure: Guard = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) if (!c.res.headers.has(name)) c.header(name, value);
};

/** Keeps no connection for further requests once `closing` has aborted. */
export function notKept(closing: AbortSignal): Guard {
  return async (c, next) => {
    await next();
    if (closing.aborted) c.env.outgoing.shouldKeepAlive = false;
  };
}

/** Refuses what foreign web pages make browsers send, and requests with too many headers. */
export function guarded(guard: HostGuard): Guard {
  return async (c, next) => {
    const { headers, rawHeaders } = c.env.incoming;
    if (rawHeaders.length / 2 > MAX_HEADERS)
      return fail(c, 431, 'too_many_headers', 'the request has too many headers');
    // A request line can name a host of its own, which then counts in place of the header.
    if (!guard.knowsHost(headers.host) || !guard.knowsHost(new URL(c.req.url).host)) {
      return fail(
        c,
        403,
        'foreign_host',
        'the Host header names another server; http.allowed_hosts adds names of this one',
      );
    }
    if (!guard.knowsOrigin(headers.origin, headers.host)) {
      return fail(c, 403, 'foreign_origin', 'requests from the pages of other sites are refused');
    }
    return next();
  };
}

/** Refuses bodies where none is read: nobody would look at how large they are. */
export const bodyless: Guard = async (c, next) => {
  const { headers, method } = c.env.incoming;
  const isRead = method === 'POST' && new URL(c.req.url).pathname.startsWith('/v1/');
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (isRead || !hasBody) return next();
  c.env.outgoing.shouldKeepAlive = false;
  return fail(c, 413, 'too_large', 'this request may not have a body');
};

/** Asks for the token on what is below `/v1/`; what `exempt` says has a token of its own. */
export function tokened(access: Access, exempt: (c: RequestContext) => boolean): Guard {
  return async (c, next) => {
    if (exempt(c) || access.admits(c.env.incoming.headers.authorization)) return next();
    return unauthorized(c, 'this takes the token of the server: http.token of its configuration, as a bearer token');
  };
}
