import { copyFileSync, linkSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import { damagedError } from './status-error.ts';
import { copyPrefix, errorCode, linkOrCopy, mustCopy, writeDurably } from './durable-files.ts';

/** A file that grows, and how much of it belongs to the copy. */
interface Prefix {
  readonly name: string;
  readonly sizeBytes: number;
}

/** Names and lengths of the files of a database at one moment; the files themselves have second names in `folder`. */
export interface FrozenFiles {
  readonly folder: string;
  readonly tables: readonly string[];
  readonly prefixes: readonly Prefix[];
  readonly current: string;
}

/** How often the files may change under the hands of the copier. Each new try takes milliseconds. */
const MAX_TRIES = 100;

/** Thread-blocking on purpose: while it runs no write of this thread can begin. */
function linkNow(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    if (!mustCopy(error)) throw error;
    copyFileSync(from, to);
  }
}

/**
 * Holds on to the files of a database as of now, by links in `folder`, which lies on the same disk.
 *
 * The tables are linked, then the length of the MANIFEST is noted, then the tables that came meanwhile are linked. If
 * the MANIFEST has not grown by then, no table that it names can have gone. Of the logs all are whole but the newest,
 * which is taken as far as it reaches now.
 */
export function freezeFiles(database: string, folder: string): FrozenFiles {
  for (let attempt = 1; ; attempt++) {
    try {
      const frozen = tryToFreeze(database, folder);
      if (frozen !== undefined) return frozen;
    } catch (error) {
      // A file went between the listing and the link.
      if (errorCode(error) !== 'ENOENT' || attempt >= MAX_TRIES) throw error;
    }
    if (attempt >= MAX_TRIES) {
      throw new ProcessorError('state', 'STATE_FAILED', `the files in ${database} change too fast to be copied`);
    }
  }
}

function tryToFreeze(database: string, folder: string): FrozenFiles | undefined {
  const current = readFileSync(join(database, 'CURRENT'), 'utf8');
  const manifest = current.trim();
  if (!/^MANIFEST-\d+$/.test(manifest)) {
    throw damagedError(`${join(database, 'CURRENT')} was altered: it names no MANIFEST`);
  }
  const tables = new Set<string>();
  const linkTables = (names: readonly string[]): void => {
    for (const name of names) {
      if (!name.endsWith('.sst') || tables.has(name)) continue;
      linkNow(join(database, name), join(folder, name));
      tables.add(name);
    }
  };
  const names = readdirSync(database);
  const prefixes: Prefix[] = [];
  for (const name of [...names.filter((each) => each.endsWith('.log')), manifest]) {
    if (name === manifest) linkTables(names);
    linkNow(join(database, name), join(folder, name));
    prefixes.push({ name, sizeBytes: statSync(join(database, name)).size });
  }
  linkTables(readdirSync(database));
  const noted = prefixes.at(-1)?.sizeBytes;
  const isUnchanged =
    readFileSync(join(database, 'CURRENT'), 'utf8') === current && statSync(join(database, manifest)).size === noted;
  return isUnchanged ? { folder, tables: [...tables], prefixes, current } : undefined;
}

/** Gives frozen files a folder of their own, durably. What `frozen` took on the way can then be removed. */
export async function copyFrozen(frozen: FrozenFiles, target: string): Promise<void> {
  for (const { name, sizeBytes } of frozen.prefixes) {
    await copyPrefix(join(frozen.folder, name), join(target, name), sizeBytes);
  }
  for (const name of frozen.tables) await linkOrCopy(join(frozen.folder, name), join(target, name));
  await writeDurably(join(target, 'CURRENT'), frozen.current);
}
