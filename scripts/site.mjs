/**
 * `npm run site`: the documentation as a site, in `site/build/dist`. A dead link fails it. `npm run site -- --serve` builds it
 * and serves it at http://127.0.0.1:4173/.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { orExplain } from './launch.mjs';
import { ROOT, ensureBuilt, ensureInstalled, pinnedNode, requireNode } from './toolchain.mjs';

const SITE = join(ROOT, 'site');
/** @type {string} where the pages are laid out; another project's may be given, to see that its dead links are found. */
const folder = join(SITE, process.env['SITE_FOLDER'] ?? 'build');
const pages = join(folder, 'pages');

const node = orExplain(() => {
  requireNode(process.versions.node);
  ensureInstalled();
  const found = pinnedNode();
  ensureBuilt();
  ensureInstalled(SITE);
  return found;
});

const { writePages } = await import('../site/pages.mjs');
const { apiPage } = await import('../site/api-page.mjs');
const { commandPage } = await import('../site/command-page.mjs');
const { default: config } = await import('../site/.vitepress/config.mjs');
rmSync(pages, { recursive: true, force: true });
mkdirSync(join(pages, 'reference'), { recursive: true });
writePages(ROOT, pages);
writeFileSync(join(pages, 'reference', 'exports.md'), apiPage(join(ROOT, 'dist')));
writeFileSync(join(pages, 'reference', 'command-line.md'), commandPage(join(ROOT, 'dist', 'cli', 'main.js')));
cpSync(join(SITE, 'index.md'), join(pages, 'index.md'));
cpSync(join(SITE, '.vitepress'), join(pages, '.vitepress'), { recursive: true });
const strayed = navigationFaults(config.themeConfig);
if (strayed.length > 0) {
  process.stderr.write(`${strayed.join('\n')}\n`);
  process.exit(1);
}

const vitepress = join(SITE, 'node_modules', 'vitepress', 'bin', 'vitepress.js');
/** @param {readonly string[]} args */
const run = (args) => spawnSync(node, [vitepress, ...args], { cwd: SITE, encoding: 'utf8' });
const built = run(['build', pages, '--outDir', join(folder, 'dist')]);
process.stdout.write(built.status === 0 ? '' : `${built.stdout}${built.stderr}`);
process.exitCode = built.status ?? 1;
if (process.exitCode === 0) process.stdout.write(`The site is in ${join(folder, 'dist')}.\n`);
if (process.argv.includes('--prove')) prove();
if (process.exitCode === 0 && process.argv.includes('--serve')) {
  const args = [vitepress, 'preview', pages, '--port', '4173', '--host', '127.0.0.1'];
  process.exitCode = spawnSync(node, args, { cwd: SITE, stdio: 'inherit' }).status ?? 1;
}

/**
 * What is wrong with the navigation: its links are not among those that the build checks.
 * @param {{ nav: object, sidebar: object }} navigation
 */
function navigationFaults({ nav, sidebar }) {
  /** @param {object} part */
  const linksOf = (part) =>
    [...JSON.stringify(part).matchAll(/"link":"\/([^"]*)"/g)].map(([, link = '']) =>
      link.endsWith('/') ? `${link}index.md` : `${link}.md`,
    );
  const places = linksOf(sidebar);
  const atTop = readdirSync(pages).filter((name) => name.endsWith('.md') && name !== 'index.md');
  return [
    ...[...linksOf(nav), ...places]
      .filter((page) => !existsSync(join(pages, page)))
      .map((page) => `The navigation leads to ${page}, which is no page.`),
    ...places
      .filter((page, index) => places.indexOf(page) !== index)
      .map((page) => `The navigation has ${page} twice.`),
    ...atTop.filter((page) => !places.includes(page)).map((page) => `The navigation does not lead to ${page}.`),
  ];
}

/** A build that finds no dead link may have looked at none: it must find one that is planted, as must the look at the navigation. */
function prove() {
  const link = { link: '/guide' };
  const faults = navigationFaults({ nav: [{ link: '/nowhere' }], sidebar: [link, link] });
  for (const fault of ['leads to nowhere.md', 'has guide.md twice', 'does not lead to tracing.md']) {
    if (faults.some((found) => found.includes(fault))) continue;
    process.stderr.write(`A fault of the navigation that was planted was not found: ${fault}\n`);
    process.exitCode = 1;
  }
  const planted = join(folder, 'planted');
  mkdirSync(planted, { recursive: true });
  writeFileSync(join(planted, 'index.md'), '# Planted\n\n[nowhere](/nowhere.md)\n');
  const { status, stdout, stderr } = run(['build', planted, '--outDir', join(folder, 'planted-dist')]);
  if (status !== 0 && /dead link/i.test(`${stdout}${stderr}`)) return;
  process.stderr.write(`A dead link that was planted was not found:\n${stdout}${stderr}`);
  process.exitCode = 1;
}
