import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What makes a measurement one of a series: the number of keys, and what else is compared. */
export interface Point {
  readonly keys: number;
  readonly backend?: string;
}

/**
 * Keeps a point of a series in `results/<name>.json`, in place of the one for as many keys and the same backend, so that each
 * can be measured alone. Gives all that are kept, by keys.
 */
export function keepPoint<P extends Point>(name: string, point: P): readonly P[] {
  const path = join(import.meta.dirname, 'results', `${name}.json`);
  const others = (keptPoints(name) as readonly P[]).filter(
    (one) => one.keys !== point.keys || one.backend !== point.backend,
  );
  const text = (one: Point): string => one.backend ?? '';
  const all = [...others, point].toSorted((a, b) => a.keys - b.keys || (text(a) < text(b) ? -1 : 1));
  writeFileSync(path, `${JSON.stringify(all, null, 2)}\n`);
  return all;
}

/** The points of a series that are kept. */
export function keptPoints(name: string): readonly Point[] {
  const path = join(import.meta.dirname, 'results', `${name}.json`);
  // Only `keepPoint` writes it.
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Point[]) : [];
}
