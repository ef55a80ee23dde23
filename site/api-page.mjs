/** The page of everything that the package exports, made from its declarations. */
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { parseSync } from 'oxc-parser';

/** Entries of the package: how they are imported, and the declarations that they are in `dist/`. */
const ENTRIES = [
  ['llm-optimizer-processor', 'index.d.ts'],
  ['llm-optimizer-processor/testing', 'testing/index.d.ts'],
  ['llm-optimizer-processor/rocksdb', 'state/rocksdb/index.d.ts'],
];
const KINDS = new Map([
  ['ClassDeclaration', 'class'],
  ['TSInterfaceDeclaration', 'interface'],
  ['TSTypeAliasDeclaration', 'type'],
  ['TSDeclareFunction', 'function'],
  ['FunctionDeclaration', 'function'],
  ['VariableDeclaration', 'constant'],
]);

/**
 * @typedef {{ name: string, kind: string, description: string, code: string }} Declared
 * @typedef {{ text: string, program: import('oxc-parser').Program, comments: import('oxc-parser').Comment[] }} Parsed
 */

/** @param {string} dist @returns {string} the page, in Markdown. */
export function apiPage(dist) {
  /** @type {Map<string, Parsed>} */
  const files = new Map();
  const parts = ENTRIES.map(([specifier = '', entry = '']) => {
    const names = exportsOf(parse(dist, entry, files), dirname(entry));
    const sections = [...new Set(names.map(({ file }) => folderOf(file)))].map((folder) => {
      const declared = names
        .filter(({ file }) => folderOf(file) === folder)
        .map(({ name, file }) => find(dist, file, name, files));
      return `### ${folder}\n\n${declared.map(render).join('\n')}`;
    });
    return `## \`${specifier}\`\n\n${sections.join('\n')}`;
  });
  const head =
    'Every name that the package exports, as the compiler declares it. The [API reference](/reference/api.md) shows how they are used.';
  return `---\noutline: [2, 4]\neditLink: false\n---\n\n# Exports\n\n${head}\n\n${parts.join('\n')}`;
}

/** @param {Declared} declared */
function render({ name, kind, description, code }) {
  const links = description.replaceAll(
    /\{@link ([^}|]+?)(?:\s*\|\s*([^}]+))?\}/g,
    (_, target, text) => `\`${text ?? target}\``,
  );
  const prose = links
    .replaceAll(/\]\((?:\.\.\/)+docs\//g, '](/')
    .replaceAll(/@throws /g, '\n\nThrows ')
    .replaceAll(/[<>]/g, (character) => (character === '<' ? '&lt;' : '&gt;'))
    .replaceAll('{{', '{ {');
  return `#### ${name}\n\n*${kind}* — ${prose.trim()}\n\n\`\`\`ts\n${code}\n\`\`\`\n`;
}

/** @param {string} file */
function folderOf(file) {
  return file.split('/')[0] ?? file;
}

/** @param {string} dist @param {string} file @param {Map<string, Parsed>} files @returns {Parsed} */
function parse(dist, file, files) {
  const known = files.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(join(dist, file), 'utf8');
  const { program, comments } = parseSync(file, text);
  const parsed = { text, program, comments };
  files.set(file, parsed);
  return parsed;
}

/** @param {Parsed} parsed @param {string} folder @returns {{ name: string, file: string }[]} */
function exportsOf({ program }, folder) {
  return program.body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration' || node.source === null) return [];
    const file = posix.join(folder, node.source.value.replace(/\.ts$/, '.d.ts'));
    return node.specifiers.map(({ exported }) => ({
      name: exported.type === 'Literal' ? exported.value : exported.name,
      file,
    }));
  });
}

/** @param {Parsed} parsed @param {string} folder @returns {Map<string, string>} files by the names that are imported. */
function importsOf({ program }, folder) {
  return new Map(
    program.body.flatMap((node) => {
      if (node.type !== 'ImportDeclaration') return [];
      const file = posix.join(folder, node.source.value.replace(/\.ts$/, '.d.ts'));
      return node.specifiers.map(({ local }) => /** @type {[string, string]} */ ([local.name, file]));
    }),
  );
}

/**
 * @param {string} dist @param {string} file @param {string} name @param {Map<string, Parsed>} files
 * @returns {Declared}
 */
function find(dist, file, name, files) {
  const parsed = parse(dist, file, files);
  /** @type {Declared[]} */
  const found = [];
  for (const node of parsed.program.body) {
    if (node.type !== 'ExportNamedDeclaration' || node.declaration === null) continue;
    if (namesOf(node.declaration).includes(name)) found.push(declaredAs(parsed, node, node.declaration, name));
  }
  const [first] = found;
  // A name that is declared elsewhere, imported, and passed on.
  const origin = first === undefined ? importsOf(parsed, dirname(file)).get(name) : undefined;
  if (origin !== undefined) return find(dist, origin, name, files);
  if (first === undefined) throw new Error(`${file} declares no ${name}`);
  return { ...first, code: found.map(({ code }) => code).join('\n') };
}

/** @param {import('oxc-parser').Declaration} declaration @returns {string[]} */
function namesOf(declaration) {
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
  }
  return 'id' in declaration && declaration.id !== null && 'name' in declaration.id ? [declaration.id.name] : [];
}

/**
 * @param {Parsed} parsed @param {{ start: number, end: number }} statement
 * @param {import('oxc-parser').Declaration} declaration @param {string} name
 * @returns {Declared}
 */
function declaredAs({ text, comments }, { start, end }, declaration, name) {
  const above = comments.findLast((comment) => comment.end <= start && text.slice(comment.end, start).trim() === '');
  const description = above?.value.replaceAll(/^\s*\*? ?/gm, '').trim() ?? '';
  const code = text
    .slice(start, end)
    .replace(/^export (?:declare )?/, '')
    .replaceAll(/^\s*#private;\n/gm, '')
    .replaceAll(/^ {4}/gm, '  ');
  return {
    name,
    kind: KINDS.get(declaration.type) ?? declaration.type,
    description: description.replaceAll('\n', ' '),
    code,
  };
}
