import type { Finding } from './finding.ts';
import { placeOf, type ConfigPath, type Located } from './located.ts';
import { connectionRules } from './rules-of-connections.ts';
import { eventRules } from './rules-of-events.ts';
import { kafkaRules } from './rules-of-kafka.ts';
import { sinkRules } from './rules-of-sinks.ts';
import { windowRules } from './rules-of-windows.ts';
import { shown } from './phrase.ts';
import { mustConceal, MASK } from './secrets.ts';
import type { CheckedConfig } from './schema/processor.ts';

/** What a rule says of a configuration: the key at fault, below `processor`, and why. */
export interface Violation {
  readonly path: ConfigPath;
  readonly message: string;
}

/** What a rule may look at. */
export interface RuleContext {
  readonly config: CheckedConfig;
  /** True if some layer sets the key, or something below it; paths are below `processor`. */
  readonly isGiven: (...path: readonly (string | number)[]) => boolean;
  /** A value as a message may show it: masked where its key, or the way it was set, asks for that. */
  readonly show: (value: unknown, ...path: readonly (string | number)[]) => string;
}

/** Something that must hold between keys. Each key on its own is the schema's affair. */
export interface Rule {
  /** Keys the rule looks at, below `processor`: it says nothing while one of them is wrong in itself. */
  readonly reads: readonly ConfigPath[];
  readonly violations: (context: RuleContext) => readonly Violation[];
}

const RULES: readonly Rule[] = [...eventRules, ...windowRules, ...connectionRules, ...kafkaRules, ...sinkRules];

/** All that the rules find, but for what follows from keys that are wrong in themselves. */
export function brokenRules(config: CheckedConfig, root: Located, wrong: readonly ConfigPath[]): readonly Finding[] {
  const context: RuleContext = {
    config,
    isGiven: (...path) => placeOf(root, ['processor', ...path]).node !== undefined,
    show: (value, ...path) =>
      mustConceal(['processor', ...path], placeOf(root, ['processor', ...path]).node) ? MASK : shown(value),
  };
  const findings: Finding[] = [];
  for (const rule of RULES) {
    const paths = rule.reads.map((path) => ['processor', ...path]);
    if (paths.some((path) => wrong.some((other) => overlap(path, other)))) continue;
    for (const { path, message } of rule.violations(context)) {
      const full = ['processor', ...path];
      const { node, keyAt } = placeOf(root, full);
      findings.push({ origin: node?.origin ?? keyAt, path: full, message });
    }
  }
  return findings;
}

function overlap(a: ConfigPath, b: ConfigPath): boolean {
  if (a.length === 0 || b.length === 0) return false;
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((step, index) => step === b[index]);
}
