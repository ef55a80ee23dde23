/** Entries that stand in a list for a second time, with their index. */
export function repeatedIn(names: readonly string[]): readonly { readonly index: number; readonly name: string }[] {
  const seen = new Set<string>();
  const repeated: { index: number; name: string }[] = [];
  for (const [index, name] of names.entries()) {
    if (seen.has(name)) repeated.push({ index, name });
    seen.add(name);
  }
  return repeated;
}
