import { findingsOf, valueAtPath } from './issues.ts';
import { formatPath, type ConfigPath, type LocatedMap } from './located.ts';
import type { Finding } from './finding.ts';
import { brokenRules } from './rules.ts';
import { fileOutline } from './schema/outline.ts';
import { fileSchema, type CheckedConfig } from './schema/processor.ts';
import { plainValue } from './value.ts';

/** A checked configuration, or all that is wrong with it. */
export type Checked =
  | { readonly config: CheckedConfig; readonly findings: readonly [] }
  | { readonly config: undefined; readonly findings: readonly Finding[] };

/**
 * Checks a tree against the schema and the rules that hold between keys. `known` are findings there are already:
 * nothing further is said of those paths.
 */
export function check(root: LocatedMap, known: readonly Finding[]): Checked {
  const findings = [...known];
  let values = withDefaultWindow(plainValue(root, fileOutline));
  if (known.length === 0 && root.entries.get('processor') === undefined) {
    findings.push({ origin: root.origin, path: ['processor'], message: 'missing; all keys stand under `processor:`' });
  }
  // Rules are checked on what is left when the wrong values are taken out, so that all findings come at once.
  for (;;) {
    const result = fileSchema.safeParse(values);
    if (result.success) {
      const config = result.data.processor;
      const wrong = findings.map(({ path }) => path);
      findings.push(...brokenRules(config, root, wrong));
      return findings.length === 0 ? { config, findings: [] } : { config: undefined, findings };
    }
    const found = result.error.issues.flatMap((issue) => findingsOf(issue, root, values));
    for (const finding of found)
      if (!isKnown(finding, findings) && !wasTakenOut(finding, values, root)) findings.push(finding);
    const pruned = found.reduce((left, { path }) => without(left, path), values);
    values = pruned;
  }
}

/** True if something has been said of the path already, or of what it stands under. */
function isKnown(finding: Finding, findings: readonly Finding[]): boolean {
  const text = formatPath(finding.path);
  return findings.some(({ path }) => path.length > 0 && formatPath(path) === text);
}

/** True of what is missing only because it was wrong, which has been said: a list goes with its last wrong entry. */
function wasTakenOut({ path }: Finding, values: unknown, root: LocatedMap): boolean {
  return valueAtPath(values, path) === undefined && Array.isArray(valueAtPath(plainValue(root, fileOutline), path));
}

/** A file that says nothing of windows has tumbling ones of five minutes. */
function withDefaultWindow(values: unknown): unknown {
  const windows = valueAtPath(values, ['processor', 'windows']);
  if (windows !== undefined && (typeof windows !== 'object' || windows === null || Array.isArray(windows)))
    return values;
  const given = Object.keys(windows ?? {});
  if (given.some((key) => key !== 'late_rule')) return values;
  const processor = valueAtPath(values, ['processor']) ?? {};
  if (typeof processor !== 'object' || processor === null) return values;
  return {
    ...(values as object),
    processor: { ...processor, windows: { ...windows, tumbling: { size_secs: 300 } } },
  };
}

/**
 * The values without what is at a path. A list goes as a whole, and so does a section that lacks a key. Where the way
 * there is gone already, nothing is left to do.
 */
function without(values: unknown, path: ConfigPath): unknown {
  const parent = valueAtPath(values, path.slice(0, -1));
  const step = path.at(-1);
  if (step === undefined) return {};
  if (parent instanceof Map) {
    parent.delete(step);
    return values;
  }
  if (typeof parent === 'object' && parent !== null && !Array.isArray(parent) && Object.hasOwn(parent, step)) {
    delete (parent as Record<string, unknown>)[step];
    return values;
  }
  return parent === undefined ? values : without(values, path.slice(0, -1));
}
