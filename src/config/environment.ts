import { distance } from 'fastest-levenshtein';
import type { Finding } from './finding.ts';
import type { Environment } from './interpolation.ts';
import { layOver, type LocatedMap } from './located.ts';
import { leavesOf } from './schema/outline.ts';

const PREFIX = 'PROCESSOR_';

/** The variable that sets a key: `PROCESSOR_` + path in capitals, levels joined with two underscores. */
export function environmentName(path: readonly string[]): string {
  return PREFIX + path.slice(1).join('__').toUpperCase();
}

const PATHS: ReadonlyMap<string, readonly string[]> = new Map(
  leavesOf().map(({ path }) => [environmentName(path), path]),
);

/** What Kubernetes sets in every pod beside a Service that is called `processor`. */
const SERVICE_LINK =
  /^PROCESSOR_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/** Lays the variables `PROCESSOR_…` over the tree. Unknown ones are findings; their values are never shown. */
export function layEnvironmentOver(root: LocatedMap, environment: Environment): readonly Finding[] {
  const findings: Finding[] = [];
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name];
    if (!name.startsWith(PREFIX) || value === undefined) continue;
    const path = PATHS.get(name);
    const origin = { type: 'environment', name } as const;
    if (path === undefined) findings.push({ origin, path: [], message: unknownVariable(name) });
    else layOver(root, path, { kind: 'scalar', origin, value, fromText: true, concealed: false });
  }
  return findings;
}

function unknownVariable(name: string): string {
  if (SERVICE_LINK.test(name)) {
    return 'no key of the configuration; Kubernetes sets it for a Service called "processor": set enableServiceLinks: false in the pod, or rename the Service';
  }
  let nearest = '';
  let leastCost = Infinity;
  for (const candidate of PATHS.keys()) {
    // A beginning in common weighs as much as the rest: the section is more often right than wrong.
    const cost = distance(name, candidate) - commonStart(name, candidate);
    if (cost < leastCost) [nearest, leastCost] = [candidate, cost];
  }
  return `no key of the configuration; the nearest is ${nearest}`;
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
