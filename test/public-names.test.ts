import { parseSync } from 'oxc-parser';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Names {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

/** The names that a module of nothing but `export … from` exports. */
function namesIn(file: URL): Names {
  const { module } = parseSync(file.pathname, readFileSync(file, 'utf8'));
  const entries = module.staticExports.flatMap((statement) => statement.entries);
  const named = (isType: boolean): string[] =>
    entries
      .filter((entry) => entry.isType === isType)
      .map(({ exportName }) => exportName.name ?? '*')
      .toSorted();
  return { values: named(false), types: named(true) };
}

describe.each([
  ['llm-optimizer-processor', '../src/index.ts', 'public-names/index.txt'],
  ['llm-optimizer-processor/rocksdb', '../src/state/rocksdb/index.ts', 'public-names/rocksdb.txt'],
  ['llm-optimizer-processor/testing', '../src/testing/index.ts', 'public-names/testing.txt'],
])('%s', (_name, path, recorded) => {
  const names = namesIn(new URL(path, import.meta.url));

  it('exports just the names that are recorded (after a change that is meant: npm test -- public-names -u)', async () => {
    const lines = [...names.values, ...names.types.map((name) => `type ${name}`)];
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(recorded);
  });

  it('exports every name once', () => {
    const all = [...names.values, ...names.types];
    expect(all).toEqual([...new Set(all)]);
  });

  it('gives the values that it names', async () => {
    const module = (await import(path)) as object;
    expect(Object.keys(module).toSorted()).toEqual(names.values);
  });
});
