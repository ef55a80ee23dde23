import type { Instant, Millis } from '../../time/instant.ts';
import type { ProcessorError } from '../../errors/processor-error.ts';
import { isNetworkError, reasonOfError } from '../network-error.ts';
import { sinkFailed, sinkUnavailable } from '../sink-error.ts';
import type { PostAnswer } from './post-request.ts';

/** Statuses below 500 that may be another one soon. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 425, 429]);
/** A server that asks for more than an hour is asked again after one. */
const LONGEST_PAUSE_MS = 3_600_000;
const LONGEST_TEXT = 200;

/** What a person can do, by status. */
const ADVICE: Readonly<Record<number, string>> = {
  401: 'check token and headers',
  403: 'check token and headers',
  404: 'check the URL',
  413: 'lower maxBodyBytes',
};

/** True for an answer that says that all is well. */
export function isTaken({ status }: PostAnswer): boolean {
  return status >= 200 && status < 300;
}

/** The error of any other answer. */
export function refusedBy(where: string, { status, text }: PostAnswer): ProcessorError<'sink'> {
  const said = text === '' ? '' : `: ${text.slice(0, LONGEST_TEXT)}`;
  const advice = Object.hasOwn(ADVICE, status) ? `; ${ADVICE[status] ?? ''}` : '';
  const message = `${where} answered ${String(status)}${said}${advice}`;
  if (status >= 500 || PASSING.has(status)) return sinkUnavailable(message);
  return sinkFailed(status >= 300 && status < 400 ? `${message}; redirects are not followed` : message);
}

/** The error of a request that was not answered. */
export function unansweredBy(where: string, error: unknown): ProcessorError<'sink'> {
  const message = `${where} cannot be reached: ${reasonOfError(error)}`;
  return isNetworkError(error) ? sinkUnavailable(message, error) : sinkFailed(message, error);
}

/** How long the server asks not to be asked again, by its `Retry-After`: seconds or a date (RFC 9110). 0 where it does not. */
export function retryAfterMs({ headers }: PostAnswer, now: Instant): Millis {
  const asked = headers['retry-after'];
  if (asked === undefined) return 0;
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), LONGEST_PAUSE_MS);
}
