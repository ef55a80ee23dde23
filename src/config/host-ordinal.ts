/** The number at the end of a host name, as a StatefulSet gives one to each of its pods; undefined where there is none. */
export function ordinalOf(hostname: string): number | undefined {
  // The first label alone: the rest is the domain.
  const digits = /-(\d{1,5})$/.exec(hostname.split('.')[0] ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
