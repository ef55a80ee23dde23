/** The name as Prometheus takes it: letters, digits and underscores, no digit first. */
export function sanitize(name: string): string {
  const clean = name.replace(/[^a-zA-Z0-9_]/g, '_');
  return /^[0-9]/.test(clean) ? `_${clean}` : clean || '_';
}

/** A label name: sanitized, and without the two leading underscores that Prometheus keeps for itself. */
export function sanitizeLabel(name: string): string {
  return sanitize(name).replace(/^__+/, '_');
}

/** Gives each thing a name of its own: where two would have the same, the later one's gets a number. */
export class NameTable {
  readonly #names = new Map<string, string>();
  readonly #taken: Set<string>;

  /** `reserved`: names that are not given out. */
  constructor(reserved: Iterable<string>) {
    this.#taken = new Set(reserved);
  }

  /** The name of the thing of this id: `wanted`, unless another has it. */
  nameOf(id: string, wanted: string): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    let name = wanted;
    for (let count = 2; this.#taken.has(name); count += 1) name = `${wanted}_${String(count)}`;
    this.#taken.add(name);
    this.#names.set(id, name);
    return name;
  }
}
