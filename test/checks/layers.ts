import { Visitor } from 'oxc-parser';
import { posix } from 'node:path';
import type { ParsedFile } from './source-file.ts';

/** The folders of `src/`, lowest floor first. A module imports only from floors below its own, and from its own folder. */
export const FLOORS: readonly (readonly string[])[] = [
  ['errors'],
  ['time', 'telemetry'],
  ['event'],
  ['results'],
  ['kafka'],
  ['decode', 'windows', 'aggregations', 'state', 'sources', 'sinks'],
  ['engine'],
  ['plan'],
  ['runtime'],
  ['pipeline'],
  ['testing', 'config', 'monitor'],
  ['http'],
  ['cli'],
];

/** The public face stands above everything except the program that is run from the command line. */
const FACE = 'src/index.ts';

/** Where each package may be imported: folders of `src/`. What is not listed may be imported nowhere. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@clack/prompts': ['cli'],
  '@hono/node-server': ['http'],
  '@nxtedition/rocksdb': ['state/rocksdb'],
  '@opentelemetry/api': ['telemetry'],
  '@platformatic/kafka': ['kafka', 'sources/kafka', 'sinks/kafka'],
  '@standard-schema/spec': ['decode', 'plan', 'pipeline'],
  commander: ['cli'],
  'fastest-levenshtein': ['config'],
  hono: ['http'],
  pg: ['sinks/postgres'],
  pino: ['cli'],
  'pino-pretty': ['cli'],
  'prom-client': ['telemetry', 'sinks/metrics'],
  'string-width': ['sinks/console', 'cli'],
  tinyglobby: ['sources/file'],
  ws: ['http/feed', 'sinks/websocket'],
  yaml: ['config'],
  zod: ['config', 'http'],
};

const ANYWHERE: readonly string[] = FLOORS.flat();
const EDGES: readonly string[] = ['kafka', 'sources', 'sinks', 'state', 'config', 'http', 'cli'];

/** Where each module of Node may be imported. I/O stays at the edges; what is not listed may be imported nowhere. */
const NODE_MODULES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ['buffer', 'crypto', 'events', 'path', 'stream', 'stream/promises', 'string_decoder', 'url', 'util', 'zlib'].map(
      (name) => [`node:${name}`, ANYWHERE],
    ),
  ),
  ...Object.fromEntries(
    ['child_process', 'fs', 'fs/promises', 'http', 'https', 'net', 'readline', 'readline/promises', 'tls'].map(
      (name) => [`node:${name}`, EDGES],
    ),
  ),
  'node:async_hooks': ['telemetry', 'runtime'],
  'node:module': ['cli'],
  'node:os': ['config', 'state', 'cli'],
  'node:process': ['cli'],
  'node:v8': ['plan'],
  'node:worker_threads': ['state'],
};

/** One import, re-export or `import()` type. */
interface Import {
  readonly line: number;
  /** What is imported; undefined where it is computed. */
  readonly from: string | undefined;
}

function importsOf(file: ParsedFile): Import[] {
  const found: Import[] = [];
  const add = (start: number, from: string | undefined): void => {
    found.push({ line: file.lineOf(start), from });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.start, node.source.value),
    ExportAllDeclaration: (node) => add(node.start, node.source.value),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) add(node.start, node.source.value);
    },
    ImportExpression: (node) => {
      const { source } = node;
      add(node.start, source.type === 'Literal' && typeof source.value === 'string' ? source.value : undefined);
    },
    TSImportType: (node) => add(node.start, node.source.value),
    CallExpression: (node) => {
      if (node.callee.type === 'Identifier' && node.callee.name === 'require') add(node.start, undefined);
    },
  }).visit(file.program);
  return found;
}

/** The folder right below `src/`; empty for a file that lies in `src/` itself. */
function folderOf(path: string): string {
  return path.split('/').slice(1, -1)[0] ?? '';
}

function floorOf(folder: string): number {
  return FLOORS.findIndex((folders) => folders.includes(folder));
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path.startsWith(`src/${folder}/`) || path.startsWith(`src/${folder}.`));
}

function checkInside(path: string, from: string): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), from));
  const [own, other] = [folderOf(path), folderOf(target)];
  if (!target.startsWith('src/')) return `imports ${from}, which is outside src/`;
  if (target === FACE) return `imports the public face ${FACE}`;
  if (floorOf(other) === -1) return `imports ${from}, whose folder is on no floor`;
  if (path === FACE) return other === 'cli' ? `the public face imports ${from}` : undefined;
  if (own === other || floorOf(other) < floorOf(own)) return undefined;
  return `imports ${floorOf(other) === floorOf(own) ? 'sideways' : 'upward'}: ${from}`;
}

function checkOutside(path: string, from: string): string | undefined {
  const name = from.startsWith('node:') ? from : from.split('/', from.startsWith('@') ? 2 : 1).join('/');
  const table = from.startsWith('node:') ? NODE_MODULES : PACKAGES;
  const allowed = Object.hasOwn(table, name) ? table[name] : undefined;
  if (allowed === undefined) return `imports ${name}, which is in no table`;
  if (isBelow(path, allowed)) return undefined;
  return `imports ${name}, which is only for ${allowed.join(', ')}`;
}

/** What in one file of `src/` is against the floors and tables above; tests are not bound by them. */
export function layerViolations(file: ParsedFile): string[] {
  const { path } = file;
  const violations: string[] = [];
  if (path !== FACE && floorOf(folderOf(path)) === -1) violations.push(`${path} is on no floor`);
  for (const { line, from } of importsOf(file)) {
    let wrong: string | undefined;
    if (from === undefined) wrong = 'imports what cannot be read from the source';
    else wrong = from.startsWith('.') ? checkInside(path, from) : checkOutside(path, from);
    if (wrong !== undefined) violations.push(`${path}:${line} ${wrong}`);
  }
  for (const node of file.program.body) {
    if (node.type === 'ExportAllDeclaration') violations.push(`${path}:${file.lineOf(node.start)} has an export *`);
  }
  return violations;
}

/** What the page in `dashboard/` may import besides its own files: packages, and the types of the API that it reads. */
const PAGE_PACKAGES: readonly string[] = ['preact', 'preact/hooks', 'uplot'];
const API_TYPES = 'src/http/api/types.ts';

/** What in one file of the page is against that; it knows nothing of the processor but the types of its API. */
export function pageViolations(file: ParsedFile): string[] {
  const { path } = file;
  const typed = new Set(
    file.program.body.flatMap((node) =>
      node.type === 'ImportDeclaration' && node.importKind === 'type' ? [file.lineOf(node.start)] : [],
    ),
  );
  return importsOf(file).flatMap(({ line, from = '' }) => {
    if (!from.startsWith('.')) return PAGE_PACKAGES.includes(from) ? [] : [`${path}:${line} imports ${from}`];
    const target = posix.normalize(posix.join(posix.dirname(path), from));
    if (target.startsWith('dashboard/src/')) return [];
    if (target !== API_TYPES) return [`${path}:${line} imports ${target}, which is not of the page`];
    return typed.has(line) ? [] : [`${path}:${line} imports more than types from ${target}`];
  });
}
