import { ProcessorError } from '../../errors/processor-error.ts';
import { messageOf } from '../../errors/message-of.ts';
import { ERROR_CODES, type ErrorCode } from '../../errors/codes.ts';
import type { ProcessorConfig } from '../../config/schema/processor.ts';
import type { CheckpointInfo } from '../../state/state-backend.ts';
import { browsable } from '../http-service.ts';

/**
 * Asks the process that has the state for a checkpoint, over its HTTP server. `locked` is the error that has named it.
 * @throws ProcessorError STATE_LOCKED where it cannot be asked, or the error that it has answered with.
 */
export async function checkpointOfRunning(
  { http, source }: ProcessorConfig,
  id: string | undefined,
  locked: ProcessorError,
): Promise<CheckpointInfo> {
  const url = `http://${browsable(http.host)}:${String(http.port)}`;
  if (!http.enabled || http.port === 0) {
    const why = http.enabled ? 'http.port is 0, so where it listens is not known' : 'http.enabled is false';
    throw unreachable(locked, `It cannot be asked for a checkpoint: ${why}`);
  }
  let response: Response;
  try {
    response = await fetch(`${url}/v1/checkpoints`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(source.token === undefined ? {} : { authorization: `Bearer ${source.token}` }),
      },
      body: JSON.stringify(id === undefined ? {} : { id }),
      redirect: 'error',
    });
  } catch (cause) {
    const reason = messageOf(cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause);
    throw unreachable(locked, `It was asked for a checkpoint at ${url}, and did not answer (${reason})`, cause);
  }
  const answer = await jsonOf(response);
  if (response.status === 201 && isCheckpointInfo(answer)) return answer;
  throw refused(url, response.status, answer);
}

function unreachable(locked: ProcessorError, what: string, cause: unknown = locked): ProcessorError {
  // What to do is said by this one.
  const who = locked.message.replace(/\. Stop it,.*$/s, '');
  const message = `${who}. ${what}; give the configuration that it runs with, or stop it first`;
  return new ProcessorError('state', 'STATE_LOCKED', message, { cause });
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function isCheckpointInfo(value: unknown): value is CheckpointInfo {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    'createdAt' in value &&
    typeof value.createdAt === 'number' &&
    'sizeBytes' in value &&
    typeof value.sizeBytes === 'number'
  );
}

function refused(url: string, status: number, answer: unknown): ProcessorError {
  const error = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : undefined;
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly code?: unknown;
    readonly message?: unknown;
  };
  if (typeof code !== 'string' || typeof message !== 'string') {
    const advice = status === 404 ? '; it may be of another version, or keep its state in memory' : '';
    return failed('STATE_FAILED', `the process at ${url} makes no checkpoint: it answered ${String(status)}${advice}`);
  }
  if (status === 404) {
    return failed('STATE_FAILED', `the process at ${url} keeps no checkpoints: it is not the one that has the state`);
  }
  const known = code.toUpperCase();
  const isOurs = Object.hasOwn(ERROR_CODES, known);
  // Own code, and nothing but the codes of the table is in it.
  return failed(isOurs ? (known as ErrorCode) : 'STATE_FAILED', `the process at ${url} made no checkpoint: ${message}`);
}

function failed(code: ErrorCode, message: string): ProcessorError {
  return new ProcessorError('state', code, message);
}
