type Json = unknown;

/** How far a deviation may be from the exact one: the recurrences that engines use round at every step. */
const DEVIATION_TOLERANCE = 1e-9;

/** True if two JSON values are equal: objects whatever the order of their fields, deviations up to rounding. */
export function sameJson(expected: Json, found: Json, field = ''): boolean {
  if (typeof expected === 'number' && typeof found === 'number') return sameNumber(expected, found, field);
  if (!isObject(expected) || !isObject(found)) return expected === found;
  const names = Object.keys(expected);
  return (
    Array.isArray(expected) === Array.isArray(found) &&
    names.length === Object.keys(found).length &&
    names.every((name) => Object.hasOwn(found, name) && sameJson(expected[name], found[name], name))
  );
}

function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null;
}

function sameNumber(expected: number, found: number, field: string): boolean {
  if (expected === found) return true;
  if (field !== 'stddev' && field !== 'stddev_sample') return false;
  return Math.abs(expected - found) <= DEVIATION_TOLERANCE * Math.max(1, Math.abs(expected));
}

/** How the multiset of found texts differs from the expected one. */
export function multisetDifference(
  expected: readonly string[],
  found: readonly string[],
): { readonly missing: readonly string[]; readonly surplus: readonly string[] } {
  const surplus = [...found];
  const missing = expected.filter((text) => {
    const at = surplus.indexOf(text);
    if (at !== -1) surplus.splice(at, 1);
    return at === -1;
  });
  return { missing, surplus };
}

/** JSON text that tells values apart and does not depend on the order of fields. */
export function canonical(value: Json): string {
  if (!isObject(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const fields = Object.keys(value).toSorted();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}
