import { parseSync, type Comment, type Program } from 'oxc-parser';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A file of the project, by its path from the root, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A source file and what the parser made of it. */
export interface ParsedFile extends SourceFile {
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** 1 for the first line; `offset` as in the nodes of the program. */
  lineOf(offset: number): number;
}

/** Parses a file. @throws Error where it does not parse: nothing could be said about it then. */
export function parse(file: SourceFile): ParsedFile {
  const { program, comments, errors } = parseSync(file.path, file.text);
  if (errors.length > 0) throw new Error(`${file.path} does not parse: ${errors.map((e) => e.message).join('; ')}`);
  return { ...file, program, comments, lineOf: (offset) => file.text.slice(0, offset).split('\n').length };
}

/** What `.gitignore` leaves out: installed, built or written by a run. Read here without git, which may be absent. */
const NOT_OURS: ReadonlySet<string> = new Set(['.cache', '.git', 'coverage', 'data', 'dist', 'node_modules', 'out']);
/** The same within the folders of packages of their own. */
const NOT_OURS_BELOW = /^[^/]+\/(?:node_modules|build|dist)\//;

/** Paths of all files of the project. */
export function projectPaths(): string[] {
  const top = readdirSync(ROOT, { withFileTypes: true }).filter(({ name }) => !NOT_OURS.has(name));
  return top.flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name];
    const below = readdirSync(join(ROOT, entry.name), { recursive: true, withFileTypes: true });
    return below
      .filter((each) => each.isFile())
      .map((each) => relative(ROOT, join(each.parentPath, each.name)).replaceAll('\\', '/'))
      .filter((path) => !NOT_OURS_BELOW.test(path));
  });
}

/** Reads some of them. */
export function readAll(paths: readonly string[]): SourceFile[] {
  return paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** True for what only runs in tests: it may reach for anything. */
export function isTest(path: string): boolean {
  return /\.(?:test|contract)\.ts$/.test(path) || path.startsWith('test/');
}
