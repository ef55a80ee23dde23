/** What of a stream says that it is a terminal, and how large. */
interface Sized {
  readonly isTTY?: boolean;
  columns?: number;
  rows?: number;
}

/**
 * Takes a terminal that does not know its size for one of 80 by 24, until it is told: the first moments of a container's
 * are of that kind, and a serial line's always. Nothing would fit in it otherwise.
 */
export function assumeSize(stream: Sized): void {
  if (stream.isTTY !== true) return;
  if (stream.columns === 0) stream.columns = 80;
  if (stream.rows === 0) stream.rows = 24;
}
