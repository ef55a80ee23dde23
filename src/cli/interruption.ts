import type { Millis } from '../time/instant.ts';
import type { CliIo, StopSignal } from './cli-io.ts';

/**
 * A signal to a whole group of processes arrives directly and again from the launcher in between, which passes it on.
 * Nobody asks twice within this time.
 */
const SAME_SIGNAL_MS: Millis = 500;

/** The signals that a run gets. */
export interface Interruption {
  /** Resolves at the second signal. */
  readonly atOnce: Promise<StopSignal>;
  /** Stops listening: a signal then has its usual effect on the process. */
  readonly forget: () => void;
}

/**
 * Listens for signals: the first calls `onFirst`, the second resolves `atOnce`. The first one's repetitions within
 * 500 ms are the same signal, which has come by several ways.
 */
export function listenForSignals(
  { onSignal, clock }: Pick<CliIo, 'onSignal' | 'clock'>,
  onFirst: (signal: StopSignal) => void,
): Interruption {
  let first: { readonly signal: StopSignal; readonly at: Millis } | undefined;
  let forget = (): void => undefined;
  const atOnce = new Promise<StopSignal>((resolve) => {
    forget = onSignal((signal) => {
      if (first === undefined) {
        first = { signal, at: clock.monotonic() };
        onFirst(signal);
      } else if (signal !== first.signal || clock.monotonic() - first.at >= SAME_SIGNAL_MS) resolve(signal);
    });
  });
  return { atOnce, forget: () => forget() };
}
