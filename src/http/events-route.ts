import type { HttpIntakeOutcome } from '../sources/http/intake-outcome.ts';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { unauthorized } from './access.ts';
import { errorBody, fail, type RequestContext } from './answers.ts';
import type { HttpIntake } from './http-intake.ts';
import { readBody } from './request-body.ts';

const RETRY_AFTER_SECONDS = 1;

/** The bounds of what is received. */
export interface EventsRouteOptions {
  readonly clock: Clock;
  readonly bodyTimeoutMs: Millis;
  /** Bodies read at a time; with the bound on each, a bound on what they hold together. */
  readonly maxBodies: number;
}

/** `POST /v1/events`: hands the events of a body to the intake, and says what became of them. */
export function eventsRoute(intake: HttpIntake, options: EventsRouteOptions): (c: RequestContext) => Promise<Response> {
  let reading = 0;
  return async (c) => {
    const { incoming, outgoing } = c.env;
    if (!intake.authorized(incoming.headers.authorization)) {
      return unauthorized(c, 'posting events takes the token of this server');
    }
    if (reading >= options.maxBodies) {
      c.header('retry-after', String(RETRY_AFTER_SECONDS));
      return fail(c, 503, 'busy', 'too many requests at a time');
    }
    reading += 1;
    try {
      const { clock, bodyTimeoutMs: timeoutMs } = options;
      const body = await readBody(incoming, { maxBytes: intake.maxBodyBytes, timeoutMs, clock });
      if (body.type === 'whole') return answer(c, await intake.accept(body.bytes, c.req.header()));
      if (body.type === 'too_large') {
        return fail(c, 413, 'too_large', `a body may have ${String(intake.maxBodyBytes)} bytes`);
      }
      // What is left of the body would be read as the next request.
      outgoing.shouldKeepAlive = false;
      return fail(c, 408, 'too_slow', 'the body did not arrive in time');
    } finally {
      reading -= 1;
    }
  };
}

const OUTCOMES: Readonly<Record<Exclude<HttpIntakeOutcome['status'], 202>, readonly [code: string, message: string]>> =
  {
    400: ['invalid_events', 'some events were not taken'],
    413: ['too_large', 'the body is too large'],
    415: ['unsupported_type', 'this Content-Type is not taken'],
    429: ['too_many', 'too many events for now; send them again later'],
    503: ['unavailable', 'the pipeline takes no events now'],
  };

function answer(c: RequestContext, outcome: HttpIntakeOutcome): Response {
  const { status, accepted = 0, rejected = [] } = outcome;
  if (status === 202) return c.json({ accepted }, 202);
  if (status === 429 || status === 503) {
    c.header('retry-after', String(Math.max(1, Math.ceil(outcome.retryAfterSeconds ?? RETRY_AFTER_SECONDS))));
  }
  const [code, message] = OUTCOMES[status];
  return c.json({ accepted, rejected, ...errorBody(code, outcome.message ?? message) }, status);
}
