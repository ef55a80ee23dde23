import { isLoopback } from '../config/loopback.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { unauthorized, type Access } from './access.ts';
import { fail, type RequestContext } from './answers.ts';
import type { HttpIntake } from './http-intake.ts';
import type { MakeCheckpoint } from './make-checkpoint.ts';
import { readBody } from './request-body.ts';

const MAX_BODY_BYTES = 1024;
const RETRY_AFTER_SECONDS = 1;
const CHECKPOINT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** What the route needs of the server. */
export interface CheckpointRouteOptions {
  readonly checkpoint: MakeCheckpoint;
  /** The token of the server; where it has none, that of the intake is asked for. */
  readonly access: Access;
  readonly intake: HttpIntake | undefined;
  readonly clock: Clock;
  readonly bodyTimeoutMs: Millis;
}

/**
 * `POST /v1/checkpoints`: 201 with what was made. It is for whoever runs the pipeline: who has the server's token, and
 * without one, this machine only. The type of the body makes a browser ask first before it sends a page's request.
 */
export function checkpointRoute(options: CheckpointRouteOptions): (c: RequestContext) => Promise<Response> {
  let isUnderWay = false;
  return async (c) => {
    const refusal = refusalOf(c, options);
    if (refusal !== undefined) return refusal;
    const id = await readId(c, options);
    if (id instanceof Response) return id;
    if (isUnderWay) {
      c.header('retry-after', String(RETRY_AFTER_SECONDS));
      return fail(c, 503, 'busy', 'a checkpoint is being made already');
    }
    isUnderWay = true;
    try {
      return c.json(await options.checkpoint(id ?? undefined), 201);
    } catch (error) {
      if (!ProcessorError.is(error)) throw error;
      if (error.kind === 'configuration') return fail(c, 400, error.code.toLowerCase(), error.message);
      const mayPass = error.code === 'STATE_FULL' || error.code === 'RUN_STATE';
      return fail(c, mayPass ? 503 : 500, error.code.toLowerCase(), error.message);
    } finally {
      isUnderWay = false;
    }
  };
}

function refusalOf(c: RequestContext, { access, intake }: CheckpointRouteOptions): Response | undefined {
  const { headers, socket } = c.env.incoming;
  const asksIntake = !access.asksForToken && intake !== undefined && !intake.authorized(undefined);
  if (!access.admits(headers.authorization) || (asksIntake && !intake.authorized(headers.authorization))) {
    return unauthorized(c, 'making a checkpoint takes the token of this server');
  }
  if (!access.asksForToken && !asksIntake && !isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/, ''))) {
    return fail(c, 403, 'not_local', 'without a token, checkpoints can be asked for from this machine only');
  }
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  return type === 'application/json'
    ? undefined
    : fail(c, 415, 'unsupported_type', 'send JSON, with Content-Type: application/json');
}

/** The id that is asked for; null for none. */
async function readId(c: RequestContext, options: CheckpointRouteOptions): Promise<string | null | Response> {
  const { clock, bodyTimeoutMs: timeoutMs } = options;
  const body = await readBody(c.env.incoming, { maxBytes: MAX_BODY_BYTES, timeoutMs, clock });
  if (body.type === 'too_large') return fail(c, 413, 'too_large', `a body may have ${String(MAX_BODY_BYTES)} bytes`);
  if (body.type !== 'whole') {
    // What is left of the body would be read as the next request.
    c.env.outgoing.shouldKeepAlive = false;
    return fail(c, 408, 'too_slow', 'the body did not arrive in time');
  }
  const asked = parse(body.bytes);
  if (asked === undefined) return fail(c, 400, 'invalid_request', 'send {} or {"id": "before-upgrade"}');
  if (asked.id === undefined || CHECKPOINT_ID.test(asked.id)) return asked.id ?? null;
  const rule = 'an id has 1 to 200 letters, digits, dots, hyphens and underscores, and begins with a letter or digit';
  return fail(c, 400, 'invalid_id', rule);
}

function parse(bytes: Uint8Array): { readonly id?: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (Object.keys(value).some((key) => key !== 'id')) return undefined;
  if (!('id' in value)) return {};
  return typeof value.id === 'string' ? { id: value.id } : undefined;
}
