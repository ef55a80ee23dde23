import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import { isNetworkError, reasonOfError } from '../network-error.ts';
import { sinkFailed, sinkUnavailable } from '../sink-error.ts';

/** Codes of a close by which a peer says that it will never take what it was sent. All from 4000 on are of its own. */
const REFUSING: Readonly<Record<number, string>> = {
  1002: 'protocol error',
  1003: 'it does not take messages of text',
  1007: 'it does not take the encoding',
  1008: 'against its policy',
  1009: 'the message is too large; lower maxMessageBytes',
  1010: 'it needs an extension',
};

/** Statuses of a refused handshake that may be another one soon. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/** The error of a connection that was closed by the peer, or has gone. */
export function closedBy(where: string, code: number, reason: string): ProcessorError<'sink'> {
  const said = reason === '' ? '' : `: ${reason}`;
  const known = Object.hasOwn(REFUSING, code) ? REFUSING[code] : undefined;
  if (known !== undefined || code >= 4000) {
    return sinkFailed(
      `${where} has refused what it was sent (${[String(code), known].filter(Boolean).join(', ')})${said}`,
    );
  }
  return sinkUnavailable(
    `${where} has closed the connection (${code === 1006 ? 'without a word' : String(code)})${said}`,
  );
}

/** The error of a handshake that was answered with a status. */
export function refusedBy(where: string, status: number): ProcessorError<'sink'> {
  const message = `${where} answered ${String(status)} to the opening handshake`;
  if (status >= 500 || PASSING_STATUS.has(status)) return sinkUnavailable(message);
  if (status === 401 || status === 403) return sinkFailed(`${message}; check token and headers`);
  if (status >= 300 && status < 400) return sinkFailed(`${message}; redirects are not followed`);
  return sinkFailed(`${message}; check the URL`);
}

/** The error of a connection that could not be made, or that broke. */
export function brokenBy(where: string, error: unknown): ProcessorError<'sink'> {
  if (ProcessorError.is(error, 'sink')) return error;
  const passes = isNetworkError(error) || messageOf(error) === 'Opening handshake has timed out';
  const message = `${where} cannot be reached: ${reasonOfError(error)}`;
  return passes ? sinkUnavailable(message, error) : sinkFailed(message, error);
}
