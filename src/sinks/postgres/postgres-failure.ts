import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import { codeOf, isNetworkError, reasonOfError } from '../network-error.ts';
import { sinkFailed, sinkFull, sinkTimedOut, sinkUnavailable } from '../sink-error.ts';

/** SQLSTATE, or the class that its first two characters are, of what passes by itself: no row is to blame. */
const PASSING: readonly string[] = [
  '08', // the connection broke
  '40', // a deadlock, or two transactions that could not be put in order
  '53', // out of connections or memory
  '55P03', // a lock was not to be had
  '57P01', // shut down
  '57P02', // crashed
  '57P03', // still starting, or shutting down
  '57P05', // the session lay idle for too long
  '58030', // the disk of the server fails
  '25006', // read-only: a standby, or one that is becoming the primary
  '25P03', // the transaction lay idle for too long
];

/** What the client says without a code. */
const PASSING_WORDS = /^(?:Connection terminated|timeout expired|Client has encountered a connection error)/;

/** What a person can do, by SQLSTATE. */
const ADVICE: Readonly<Record<string, string>> = {
  '28P01': 'check user and password',
  '28000': 'check user and password, and what pg_hba.conf lets in',
  '3D000': 'create the database, or name another one',
  '42501': 'grant what is missing',
  '53300': 'raise max_connections, or close some',
  '25006': 'is this the primary?',
  '57014': 'raise statementTimeout if the server is merely slow',
};

/** The error of a sink for what the client or the server has said. `where` names the server, without secrets. */
export function failureOf(error: unknown, where: string): ProcessorError<'sink'> {
  if (ProcessorError.is(error, 'sink')) return error;
  const code = codeOf(error);
  const reason = reasonOfError(error);
  const advice = Object.hasOwn(ADVICE, code) ? `; ${ADVICE[code] ?? ''}` : '';
  if (isSqlState(code)) {
    const message = `${where}: ${reason} (SQLSTATE ${code})${advice}`;
    if (code === '53100') return sinkFull(`${message}; free some space on the disk of the server`, error);
    if (code === '57014') return sinkTimedOut(message);
    const passes = PASSING.some((prefix) => code.startsWith(prefix));
    return passes ? sinkUnavailable(message, error) : sinkFailed(message, error);
  }
  const passes = isNetworkError(error) || PASSING_WORDS.test(messageOf(error));
  if (passes) return sinkUnavailable(`${where} cannot be reached: ${reason}`, error);
  return sinkFailed(`${where}: ${reason}${isTls(code, reason) ? '; check tls (sslmode)' : ''}`, error);
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
}

function isTls(code: string, reason: string): boolean {
  return /SSL|TLS|CERT|SIGNATURE/.test(code) || /\bSSL\b|certificate/.test(reason);
}
