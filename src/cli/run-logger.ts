import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { ProcessorConfig } from '../config/schema/processor.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { OutputStream } from './cli-io.ts';
import type { StatusLine } from './status-line.ts';

const SECRETS = ['password', 'token', 'secret', 'credential', 'authorization', 'sasl'];

/**
 * The logger of a run, on standard error: for people on a terminal, JSON otherwise, secrets redacted in both. It takes
 * the status line out of the way, and says nothing while it is muted.
 */
export function createRunLogger(
  { level, format }: ProcessorConfig['logging'],
  stderr: OutputStream,
  beside: { readonly line?: StatusLine | undefined; readonly isMuted?: () => boolean } = {},
): Logger {
  const isTerminal = stderr.isTTY === true;
  const write = (text: string): void => {
    if (beside.isMuted?.() === true) return;
    beside.line?.clear();
    stderr.write(text);
  };
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '***' },
  };
  if (format === 'json' || (format === undefined && !isTerminal)) return pino(options, { write });
  // Formats in place: a pretty stream would write later, and over the status line.
  const prettify = prettyFactory({ colorize: isTerminal, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' });
  return pino(options, { write: (text) => write(prettify(text)) });
}
