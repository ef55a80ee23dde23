/** Lays the project's Markdown out as pages of the site: where each goes, and what its links become. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, posix } from 'node:path';

/** Pages that go somewhere else than their path says, by their path in the project. */
const PLACES = new Map([
  ['README.md', 'quick-start.md'],
  ['CHANGELOG.md', 'changelog.md'],
  ['CONTRIBUTING.md', 'contributing.md'],
  ['SECURITY.md', 'security.md'],
  ['bench/README.md', 'benchmarks.md'],
  ['docs/README.md', 'overview.md'],
  ['docs/ARCHITECTURE.md', 'architecture.md'],
  ['docs/adr/README.md', 'adr/index.md'],
  ['examples/README.md', 'examples/index.md'],
]);
const FOLDERS = ['docs', 'examples'];
/** Pages whose tables need the room beside them. */
const WIDE = new Set([
  'docs/comparison.md',
  'docs/configuration.md',
  'docs/metrics.md',
  'docs/operations.md',
  'docs/errors.md',
]);
const PICTURES = new Set(['.svg', '.png']);
const LANGUAGES = new Map([
  ['.ts', 'ts'],
  ['.mjs', 'js'],
  ['.yaml', 'yaml'],
  ['.ndjson', 'json'],
  ['.json', 'json'],
]);
/** A link of Markdown, outside of code: `](target)`. */
const LINK = /(!?\[[^\]]*\])\(([^()\s]+)((?:\s+"[^"]*")?)\)/g;

/** @param {string} root @returns {Map<string, string>} pages of the site by their source in the project. */
function placesOf(root) {
  const places = new Map(PLACES);
  for (const folder of FOLDERS) {
    for (const path of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const source = posix.join(folder, path);
      if (path.endsWith('.md') && !places.has(source)) places.set(source, folder === 'docs' ? path : source);
    }
  }
  return places;
}

/**
 * Writes the pages to a folder, with the pictures and the source files that they link to.
 * @param {string} root
 * @param {string} folder
 */
export function writePages(root, folder) {
  const places = placesOf(root);
  /** @type {Map<string, string>} */
  const shown = new Map();
  for (const [source, place] of places) {
    const text = `${WIDE.has(source) ? '---\naside: false\n---\n\n' : ''}${readFileSync(join(root, source), 'utf8')}`;
    write(
      join(folder, place),
      rewriteLinks(text, (target) => targetOf({ root, folder, source, place, places, shown }, target)),
    );
  }
  for (const [source, place] of shown)
    write(join(folder, place), pageOfFile(source, readFileSync(join(root, source), 'utf8')));
}

/** @param {string} text @param {(target: string) => string} change @returns {string} the page with its links changed. */
function rewriteLinks(text, change) {
  let fenced = false;
  return text
    .split('\n')
    .map((line) => {
      if (/^ {0,3}```/.test(line)) fenced = !fenced;
      if (fenced) return line;
      return line.replaceAll(LINK, (_, /** @type {string[]} */ ...[label = '', target = '', title = '']) => {
        return `${label}(${change(target)}${title})`;
      });
    })
    .join('\n');
}

/**
 * @typedef {{ root: string, folder: string, source: string, place: string, places: Map<string, string>, shown: Map<string, string> }} Linking
 * @param {Linking} linking
 * @param {string} target
 * @returns {string} what a link of a page becomes; one that leads nowhere stays, for the build to find.
 */
function targetOf({ root, folder, source, place, places, shown }, target) {
  if (/^(?:[a-z]+:|#|\/)/i.test(target)) return target;
  const [path = '', anchor] = target.split('#');
  const file = posix.normalize(posix.join(dirname(source), path));
  const hash = anchor === undefined ? '' : `#${anchor}`;
  const known = places.get(file);
  if (known !== undefined) return `/${known}${hash}`;
  if (!existsSync(join(root, file))) return target;
  if (PICTURES.has(extname(file))) {
    const at = join(folder, 'public', file);
    mkdirSync(dirname(at), { recursive: true });
    cpSync(join(root, file), at);
    return `/${file}`;
  }
  if (!LANGUAGES.has(extname(file)) && file !== 'LICENSE') return target;
  shown.set(file, `source/${file.replaceAll(/[^\w/-]/g, '-')}.md`);
  return `/${shown.get(file) ?? place}`;
}

/** @param {string} path @param {string} text @returns {string} a page that shows a file. */
function pageOfFile(path, text) {
  const fence = '`'.repeat(4);
  return `---\neditLink: false\n---\n\n# ${path}\n\n${fence}${LANGUAGES.get(extname(path)) ?? 'text'}\n${text.trimEnd()}\n${fence}\n`;
}

/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
