import { ProcessorError } from '../errors/processor-error.ts';

/** The codes that the program ends with. */
export const EXIT_CODE = {
  /** Done, or stopped by a signal. */
  done: 0,
  /** Failed while running. */
  failed: 1,
  /** Bad configuration or arguments. */
  badConfiguration: 2,
  /** State or checkpoint cannot be used. */
  stateUnusable: 3,
  /** Ended by a second signal, before everything was finished: as a shell reports a signal. */
  interrupted: { SIGINT: 130, SIGTERM: 143 },
} as const;

/** The code that an error ends the program with. */
export function exitCodeOf(error: unknown): number {
  if (!ProcessorError.is(error)) return EXIT_CODE.failed;
  // A file that was asked for and does not exist is a wrong argument, even though only opening it can tell.
  if (error.kind === 'configuration' || error.code === 'SOURCE_NOT_FOUND') return EXIT_CODE.badConfiguration;
  return error.kind === 'state' ? EXIT_CODE.stateUnusable : EXIT_CODE.failed;
}

/** An argument that makes no sense; the message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
