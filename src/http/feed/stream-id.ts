/** Where in a stream of results somebody stands. */
export interface StreamPlace {
  /** Of the process that has given the result its number. */
  readonly instance: string;
  /** Number of a result; 0 for the place before the first. */
  readonly sequence: number;
}

/** The id of a result in the stream of a process: `m3x1k2-17`. */
export function streamId(instance: string, sequence: number): string {
  return `${instance}-${String(sequence)}`;
}

/** The place that an id names; undefined where it is none. */
export function placeOfId(id: string): StreamPlace | undefined {
  const match = /^([0-9a-z]{1,20})-(\d{1,15})$/.exec(id);
  const [, instance, sequence] = match ?? [];
  return instance === undefined || sequence === undefined ? undefined : { instance, sequence: Number(sequence) };
}
