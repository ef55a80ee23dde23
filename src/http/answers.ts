import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** What a route is given. */
export type RequestContext = Context<{ Bindings: HttpBindings }>;

/** The statuses of answers that tell an error. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 429 | 431 | 500 | 503;

/** An error as every page says it. */
export function errorBody(code: string, message: string): { readonly error: { code: string; message: string } } {
  return { error: { code, message } };
}

/** Answers with an error. */
export function fail(c: RequestContext, status: ErrorStatus, code: string, message: string): Response {
  return c.json(errorBody(code, message), status);
}
