import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../checks/source-file.ts';
import { anchorOf, parsePage, projectPages, type Link, type Page } from './markdown.ts';

const pages = projectPages();

/** Why a link leads nowhere; undefined where it does, or leads out of the project. */
function deadLink({ page, line, target }: Link, all: readonly Page[]): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page : normalize(join(dirname(page), file)).replaceAll('\\', '/');
  const where = `${page}:${line} links to ${target}`;
  if (!existsSync(join(ROOT, path)) && !all.some((each) => each.path === path)) return `${where}, which is not there`;
  if (anchor === undefined) return undefined;
  const found = all.find((each) => each.path === path);
  return found?.anchors.has(anchor) === true ? undefined : `${where}, which has no such heading`;
}

describe('the links of all pages', () => {
  it('lead somewhere', () => {
    expect(pages.flatMap(({ links }) => links).length).toBeGreaterThan(20);
    expect(pages.flatMap(({ links }) => links.flatMap((link) => deadLink(link, pages) ?? []))).toEqual([]);
  });

  it('reach every page of the documentation from its index', () => {
    const seen = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const { target } of pages.find((page) => page.path === path)?.links ?? []) {
        const file = target.split('#')[0] ?? '';
        if (file.endsWith('.md') && !file.includes(':')) visit(normalize(join(dirname(path), file)));
      }
    };
    visit('docs/README.md');
    const documentation = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
    expect(documentation.filter((path) => !seen.has(path))).toEqual([]);
  });

  it('are found to be dead where the file or the heading is missing', () => {
    const page = parsePage('a.md', '# A\n\n## One & two\n\n[x](b.md) [y](#one--two) [z](#three) [w](https://w.org)\n');
    const dead = page.links.map((link) => deadLink(link, [page])).filter((each) => each !== undefined);
    expect(dead).toEqual([
      'a.md:5 links to b.md, which is not there',
      'a.md:5 links to #three, which has no such heading',
    ]);
  });
});

it('the navigation of the site has every page of the documentation, once', async () => {
  const { default: config } = await import('../../site/.vitepress/config.mjs');
  const links = config.themeConfig.sidebar.flatMap(({ items }) => items.map(({ link }) => link));
  expect(new Set(links).size).toBe(links.length);
  const own = pages.flatMap(({ path }) => /^docs\/(?!README)([\w/-]+)\.md$/.exec(path)?.[1] ?? []);
  const shown = own.filter((name) => !name.startsWith('adr/')).map((name) => `/${name.toLowerCase()}`);
  expect(shown.length).toBeGreaterThan(15);
  expect(shown.filter((link) => !links.includes(link))).toEqual([]);
});

it.each([
  ['Window Assignment (Tumbling)', 'window-assignment-tumbling'],
  ['Bounded Out-of-Orderness', 'bounded-out-of-orderness'],
  ['`withKey`, twice', 'withkey-twice'],
])('the anchor of "%s" is %s', (heading, anchor) => {
  expect(anchorOf(heading)).toBe(anchor);
});
