import { readFile } from 'node:fs/promises';
import { messageOf } from '../errors/message-of.ts';
import { sinkFailed } from './sink-error.ts';

/** Paths of PEM files: of the authority that a server is verified by, and of a client's own certificate and key. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What is in the files that are given, as Node's `tls` takes it. */
export type TlsMaterial = { -readonly [K in keyof TlsFiles]: string };

/**
 * Reads the files. Done with each connection, so that certificates may be replaced while a run goes on.
 * @throws ProcessorError SINK_FAILED where one cannot be read.
 */
export async function readTlsFiles({ ca, cert, key }: TlsFiles): Promise<TlsMaterial> {
  const material: TlsMaterial = {};
  for (const [name, path] of Object.entries({ ca, cert, key }) as [keyof TlsFiles, string | undefined][]) {
    if (path !== undefined) material[name] = await contentOf(path);
  }
  return material;
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw sinkFailed(`the TLS file ${path} cannot be read: ${messageOf(error)}`, error);
  }
}
