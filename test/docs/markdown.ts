import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, projectPaths } from '../checks/source-file.ts';

/** A fenced block of a page. */
export interface CodeBlock {
  readonly page: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** The headings above it, outermost first. */
  readonly headings: readonly string[];
  /** What the HTML comments right above it say: `not run`, `output`, each with the text behind its colon. */
  readonly directives: ReadonlyMap<string, string>;
}

/** A link of a page. */
export interface Link {
  readonly page: string;
  readonly line: number;
  readonly target: string;
}

/** A page and what stands in it. */
export interface Page {
  readonly path: string;
  readonly blocks: readonly CodeBlock[];
  readonly links: readonly Link[];
  /** What a link can name behind `#`. */
  readonly anchors: ReadonlySet<string>;
  /** Its headings as they follow each other, with those above joined by ` / `; the title is left out. */
  readonly headings: readonly string[];
}

const FENCE = /^ {0,3}(```+)\s*(\S*)/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const DIRECTIVE = /^<!--\s*([\w ]+?)\s*(?::\s*(.*?))?\s*-->$/;
const LINK = /!?\[[^\]]*\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g;

/** Reads a page. */
export function parsePage(path: string, text: string): Page {
  const reader = new PageReader(path);
  for (const [index, line] of text.split('\n').entries()) reader.read(line, index + 1);
  return reader.page();
}

/** All Markdown pages of the project. */
export function projectPages(): Page[] {
  const paths = projectPaths().filter((path) => path.endsWith('.md') && !path.startsWith('test/'));
  return paths.map((path) => parsePage(path, readFileSync(join(ROOT, path), 'utf8')));
}

/** How GitHub names the anchor of a heading that comes for the first time. */
export function anchorOf(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-');
}

class PageReader {
  readonly #path: string;
  readonly #blocks: CodeBlock[] = [];
  readonly #links: Link[] = [];
  readonly #anchors = new Set<string>();
  readonly #headings: string[] = [];
  #above: (string | undefined)[] = [];
  #directives = new Map<string, string>();
  #open: { readonly fence: string; readonly language: string; readonly line: number; readonly code: string[] } | null =
    null;

  constructor(path: string) {
    this.#path = path;
  }

  read(line: string, number: number): void {
    const fence = FENCE.exec(line);
    if (this.#open !== null) {
      if (fence?.[1] === this.#open.fence && fence[2] === '') this.#close();
      else this.#open.code.push(line);
    } else if (fence !== null) {
      this.#open = { fence: fence[1] ?? '', language: fence[2] ?? '', line: number + 1, code: [] };
    } else this.#readProse(line, number);
  }

  page(): Page {
    if (this.#open !== null) throw new Error(`${this.#path}:${this.#open.line} a block of code does not end`);
    return {
      path: this.#path,
      blocks: this.#blocks,
      links: this.#links,
      anchors: this.#anchors,
      headings: this.#headings,
    };
  }

  #readProse(line: string, number: number): void {
    if (line.trim() === '') return;
    const directive = DIRECTIVE.exec(line.trim());
    if (directive !== null) {
      this.#directives.set(directive[1] ?? '', directive[2] ?? '');
      return;
    }
    this.#directives = new Map();
    const heading = HEADING.exec(line);
    if (heading !== null) this.#addHeading(heading[1]?.length ?? 1, heading[2] ?? '');
    for (const [, target = ''] of line.replaceAll(/`[^`]*`/g, '').matchAll(LINK)) {
      this.#links.push({ page: this.#path, line: number, target });
    }
  }

  #addHeading(level: number, text: string): void {
    const plain = anchorOf(text);
    let anchor = plain;
    for (let copy = 1; this.#anchors.has(anchor); copy += 1) anchor = `${plain}-${copy}`;
    this.#anchors.add(anchor);
    this.#above = this.#above.slice(0, level - 1);
    this.#above[level - 1] = text;
    if (level > 1) this.#headings.push(this.#headingPath());
  }

  #headingPath(): string {
    return this.#above.slice(1).filter(Boolean).join(' / ');
  }

  #close(): void {
    if (this.#open === null) return;
    const { language, line, code } = this.#open;
    const headings = this.#above.slice(1).filter((heading) => heading !== undefined);
    this.#blocks.push({
      page: this.#path,
      line,
      language,
      code: code.join('\n'),
      headings,
      directives: this.#directives,
    });
    this.#directives = new Map();
    this.#open = null;
  }
}
