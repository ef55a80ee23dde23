/** Variables by name, as the caller passes them in. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Text with its variables put in. */
export interface Interpolated {
  readonly text: string;
  /** True if a variable, or its default, was put in. */
  readonly replaced: boolean;
  /** Variables that are neither set nor have a default. */
  readonly missing: readonly string[];
  /** What follows `${` and is no variable, as written. */
  readonly malformed: readonly string[];
}

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for a plain `${`. The default is taken where the variable is
 * unset or empty, as in a shell. Nothing is replaced inside what was put in.
 */
export function interpolate(text: string, environment: Environment): Interpolated {
  let replaced = false;
  const missing: string[] = [];
  const malformed: string[] = [];
  const result = text.replaceAll(REFERENCE, (match: string, inside: string | undefined) => {
    if (inside === undefined) return '${';
    const variable = match.endsWith('}') ? VARIABLE.exec(inside) : null;
    const name = variable?.[1];
    if (name === undefined) {
      malformed.push(match);
      return match;
    }
    replaced = true;
    const fallback = variable?.[2];
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (fallback === undefined) {
      if (value === undefined) missing.push(name);
      return value ?? '';
    }
    return value === undefined || value === '' ? fallback : value;
  });
  return { text: result, replaced, missing, malformed };
}
