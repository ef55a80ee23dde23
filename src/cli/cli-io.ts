import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../time/clock.ts';

/** A stream to write to; a terminal also says so, and how wide it is. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The signals that end the processor. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** Everything the command line has from its process, so that a test can stand in for one. */
export interface CliIo {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Version of the program. */
  readonly version: string;
  /** Version of Node. */
  readonly nodeVersion: string;
  /** Options that Node was started with. */
  readonly nodeOptions: readonly string[];
  /**
   * Starts the program anew, as the same process, with more options of Node and more variables; absent where the system or
   * the version of Node has no such thing.
   */
  readonly restart?:
    ((nodeOptions: readonly string[], variables: Readonly<Record<string, string>>) => void) | undefined;
  /** Calls back at each signal, until the function that it returns is called. */
  readonly onSignal: (listener: (signal: StopSignal) => void) => () => void;
}
