/**
 * Gives items places that they keep: what was there before and still is stays where it was, and what is new takes the place
 * of what has gone. So a line keeps its color while others come and go.
 */
export function stableSlots(before: readonly string[], wanted: readonly string[]): readonly string[] {
  const rest = wanted.filter((item) => !before.includes(item));
  const kept = before.map((item) => (wanted.includes(item) ? item : (rest.shift() ?? null)));
  return [...kept.filter((item) => item !== null), ...rest];
}
