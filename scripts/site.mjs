/**
 * `npm run site`: the documentation as a site, in `site/build/dist`. A dead link fails it. `npm run site -- --serve` builds it
 * and serves it at http://127.0.0.1:4173/.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
/** Links of the navigation are not among those that the build checks. */
for (const link of JSON.stringify(config.themeConfig).matchAll(/"link":"\/([^"]*)"/g)) {
  const page = `${link[1] ?? ''}${(link[1] ?? '').endsWith('/') ? 'index' : ''}.md`;
  if (existsSync(join(pages, page))) continue;
  process.stderr.write(`The navigation leads to ${page}, which is no page.\n`);
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

/** A build that finds no dead link may have looked at none: it must find one that is planted. */
function prove() {
  const planted = join(folder, 'planted');
  mkdirSync(planted, { recursive: true });
  writeFileSync(join(planted, 'index.md'), '# Planted\n\n[nowhere](/nowhere.md)\n');
  const { status, stdout, stderr } = run(['build', planted, '--outDir', join(folder, 'planted-dist')]);
  if (status !== 0 && /dead link/i.test(`${stdout}${stderr}`)) return;
  process.stderr.write(`A dead link that was planted was not found:\n${stdout}${stderr}`);
  process.exitCode = 1;
}
