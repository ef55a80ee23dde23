import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { RequestContext } from './answers.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing but what this server serves itself, no inline script or style, and no frame around it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface StaticFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly compressed: Buffer;
  readonly etag: string;
  /** True where its name changes with its content. */
  readonly isImmutable: boolean;
}

/**
 * The files of a folder, as they were when it was read: what is asked for is looked up among their names, and never made
 * into a path. Links are left out, whatever they lead to.
 */
export class StaticFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  /** Reads a folder and those in it; there are no files where it does not exist. */
  constructor(folder: string) {
    this.#files = new Map(
      filesBelow(folder).flatMap((path) => {
        const type = TYPES[extname(path)];
        const name = `/${relative(folder, path).split(sep).join('/')}`;
        return type === undefined ? [] : [[name, staticFile(name, type, readFileSync(path))]];
      }),
    );
  }

  /** Paths of all that can be asked for, `/index.html` among them. */
  get paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Answers with a file; undefined where there is none of this name. */
  answer(c: RequestContext, path: string): Response | undefined {
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    c.header('content-security-policy', CONTENT_SECURITY_POLICY);
    c.header('cache-control', file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    c.header('etag', file.etag);
    c.header('vary', 'accept-encoding');
    if (c.req.header('if-none-match') === file.etag) return c.body(null, 304);
    c.header('content-type', file.type);
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(new Uint8Array(file.bytes));
    c.header('content-encoding', 'gzip');
    return c.body(new Uint8Array(file.compressed));
  }
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  // Not by the option for it of Node, which goes through links to folders.
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

function staticFile(name: string, type: string, bytes: Buffer): StaticFile {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { type, bytes, compressed: gzipSync(bytes), etag, isImmutable: name.startsWith('/assets/') };
}
