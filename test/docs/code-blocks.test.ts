import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METRICS } from '../../src/telemetry/metric-table.ts';
import { ROOT } from '../checks/source-file.ts';
import { checkYaml } from './yaml-blocks.ts';
import { commandFaults, runShell } from './shell-blocks.ts';
import { parsePage, projectPages, type CodeBlock } from './markdown.ts';
import { brokenPromises, Snippets } from './snippets.ts';

/** Pages for those who work on the project. */
const ELSEWHERE = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
const pages = projectPages().filter(
  ({ path }) => /^(?:docs\/.*|examples\/)?[\w.-]+\.md$/.test(path) && !ELSEWHERE.includes(path),
);
const blocks = pages.flatMap((page) => page.blocks);
const ts = blocks.filter(({ language, directives }) => language === 'ts' && !directives.has('not run'));
const place = ({ page, line }: CodeBlock): string => `${page}:${line}`;

/** Every block that is not run, with the reason that stands above it. A further one belongs here, or is run. */
const NOT_RUN: Readonly<Record<string, number>> = {
  'it changes the machine': 1,
  'it does not end by itself': 3,
  'it needs Docker': 2,
  'it needs a broker': 1,
  'it needs a cluster': 1,
  'it needs a server that runs': 3,
  'it needs the states of two instances': 1,
  'it needs packages of your own': 1,
  'it needs what the build makes': 1,
};

describe('the documentation', () => {
  it('has blocks of known languages only', () => {
    const known = ['ts', 'yaml', 'bash', 'json', 'promql', 'sql', 'text', 'csv'];
    expect(blocks.filter(({ language }) => !known.includes(language)).map(place)).toEqual([]);
    expect(ts.length).toBeGreaterThan(50);
  });

  it('leaves out nothing but what is listed', () => {
    const reasons: Record<string, number> = {};
    for (const { directives } of blocks) {
      const reason = directives.get('not run');
      if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
    expect(reasons).toEqual(NOT_RUN);
  });

  it('uses only directives that mean something', () => {
    const known = ['not run', 'output'];
    const unknown = blocks.filter(({ directives }) => [...directives.keys()].some((name) => !known.includes(name)));
    expect(unknown.map(place)).toEqual([]);
  });

  it.each(blocks.filter(({ language }) => language === 'json').map((block) => [place(block), block] as const))(
    'has JSON that can be read at %s',
    (_, { code }) => {
      for (const line of code.includes('\n{') ? code.split('\n') : [code])
        expect(() => void JSON.parse(line)).not.toThrow();
    },
  );

  it.each(blocks.filter(({ language }) => language === 'yaml').map((block) => [place(block), block] as const))(
    'has a configuration that is valid at %s',
    (_, block) => {
      expect(checkYaml(block)).toEqual([]);
    },
  );

  it('asks Prometheus for metrics that there are', () => {
    for (const { code } of blocks.filter(({ language }) => language === 'promql')) {
      const names = code.replaceAll(/#.*/g, '').match(/[a-z]\w*_(?:total|seconds|bytes|bucket|active)\w*/g) ?? [];
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) expect(Object.keys(METRICS)).toContain(name.replace(/_(?:bucket|count|sum)$/, ''));
    }
  });
});

describe('TypeScript of the documentation', () => {
  let snippets: Snippets;

  beforeAll(async () => {
    snippets = await Snippets.write('pages', ts);
  });

  it('passes the compiler', async () => {
    expect(await snippets.typeErrors()).toEqual([]);
  });

  it.each([...new Set(ts.map(({ page }) => page))])(
    'in %s runs, and prints what it says',
    async (page) => {
      const own = ts.filter((block) => block.page === page);
      const reports = await snippets.run(own);
      const faults = own.flatMap((block, index) => {
        const report = reports[index];
        if (report === undefined) return [`${place(block)} was not run`];
        if (report.error !== undefined) return [`${place(block)} failed: ${report.error}`];
        return brokenPromises(block, report);
      });
      for (const [index, block] of own.entries()) {
        const next = pageOf(page)[pageOf(page).indexOf(block) + 1];
        if (next?.directives.has('output') !== true) continue;
        expect([place(next), reports[index]?.output.trimEnd()]).toEqual([place(next), next.code]);
      }
      expect(faults).toEqual([]);
    },
    120_000,
  );
});

describe('commands of the documentation', () => {
  const shell = blocks.filter(({ language }) => language === 'bash');

  it.each(shell.map((block) => [place(block), block] as const))('are known at %s', (_, block) => {
    expect(commandFaults(block.code)).toEqual([]);
  });

  const runnable = shell.filter(({ directives }) => !directives.has('not run'));
  it.each(runnable.map((block) => [place(block), block] as const))(
    'succeed at %s',
    async (_, block) => {
      const { code, stdout, stderr } = await runShell(block.code);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      const next = pageOf(block.page)[pageOf(block.page).indexOf(block) + 1];
      if (next?.directives.has('output') === true) expect(stdout.trimEnd()).toBe(next.code);
    },
    60_000,
  );
});

describe('these checks catch', () => {
  afterAll(() => rm(join(ROOT, '.cache/docs/planted'), { recursive: true, force: true }));

  const planted = async (code: string): Promise<readonly [CodeBlock, Snippets]> => {
    const [block] = parsePage('planted.md', ['# Planted', '', '```ts', code, '```'].join('\n')).blocks;
    if (block === undefined) throw new Error('the planted block was not found');
    return [block, await Snippets.write('planted', [block])];
  };

  it('a block that does not compile', async () => {
    const [, snippets] = await planted('const count: number = "one";');
    expect((await snippets.typeErrors()).join()).toMatch(/planted\.md:4 .*TS2322/);
  });

  it('a block that throws, and one that prints something else than it says', async () => {
    const [block, snippets] = await planted(
      "import { parseDuration } from 'llm-optimizer-processor';\nconsole.log(parseDuration('1m')); // 6000\nparseDuration('x');",
    );
    const [report] = await snippets.run([block]);
    expect(report?.error).toContain('is not a duration');
    expect(report === undefined ? [] : brokenPromises(block, report)).toEqual(['planted.md:5 says 6000, prints 60000']);
  });

  it('a configuration with a misspelt key, and a command that there is not', () => {
    const [block] = parsePage('p.md', '```yaml\nprocessor:\n  paralelism: 4\n```').blocks;
    expect(block === undefined ? [] : checkYaml(block).join()).toContain('parallelism');
    expect(commandFaults('processor valdate --config x.yaml')).toHaveLength(1);
    expect(commandFaults('npm run nothing')).toHaveLength(1);
  });
});

function pageOf(path: string): readonly CodeBlock[] {
  return pages.find((page) => page.path === path)?.blocks ?? [];
}
