import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { OutputStream } from './cli-io.ts';
import { EXIT_CODE, exitCodeOf, UsageError } from './exit-code.ts';

/**
 * Tells an error to a person, on one line but for the lists that a configuration gives, and returns the exit code.
 * The stack is shown only where it was asked for.
 */
export function reportFailure(error: unknown, stderr: OutputStream, debug: boolean): number {
  if (error instanceof UsageError) {
    stderr.write(`processor: ${error.message}\n`);
    return EXIT_CODE.badConfiguration;
  }
  if (ProcessorError.is(error)) {
    const [first = '', ...rest] = error.message.split('\n');
    const code = `[${error.code}]`;
    // A list of findings begins each line with its place; any other error is told as a sentence, what it is about below.
    if (rest.length === 0) stderr.write(`processor: ${first} ${code}\n`);
    else if (error.kind !== 'configuration') stderr.write(`processor: ${first}\n${rest.join('\n')} ${code}\n`);
    else stderr.write(`${error.message}\nprocessor: ${String(rest.length + 1)} errors ${code}\n`);
  } else {
    stderr.write(`processor: ${messageOf(error)} [INTERNAL]\n`);
  }
  if (debug) stderr.write(`${stackOf(error)}\n`);
  return exitCodeOf(error);
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\nCaused by: ${stackOf(error.cause)}`;
}

/** True if an error, or one that caused it, has this code of the operating system, such as `EPIPE`. */
export function comesOf(error: unknown, systemCode: string): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && at.code === systemCode) return true;
  }
  return false;
}
