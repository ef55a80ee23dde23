import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../checks/source-file.ts';

const run = promisify(execFile);
/** Where a package is taken apart: nothing is installed, and no service begun. */
const UNPACKED = join(ROOT, '.cache', 'prometheus');
const NONE = 'no Prometheus is installed: its tests are left out (apt-get install prometheus, or set PROMETHEUS_BIN)';

/** The programs of Prometheus, by path. */
export interface PrometheusBinaries {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * The Prometheus that the tests run: `PROMETHEUS_BIN`, that of the system, or with `CI=true` that of Debian's archive. Undefined, in
 * one line, where there is none.
 * @throws Error where there is none and `CI` is `true`: nothing is left out there in silence.
 */
export async function prometheusBinaries(
  env: NodeJS.ProcessEnv = process.env,
): Promise<PrometheusBinaries | undefined> {
  const folders = [env['PROMETHEUS_BIN'] ?? '', ...(env['PATH'] ?? '').split(delimiter), join(UNPACKED, 'usr/bin')];
  const found = folders.filter((folder) => folder !== '').map(binariesIn);
  const binaries = found.find(({ prometheus, promtool }) => existsSync(prometheus) && existsSync(promtool));
  if (binaries !== undefined) return binaries;
  if (env['CI'] !== 'true') {
    process.stderr.write(`${NONE}\n`);
    return undefined;
  }
  await unpackOfDebian();
  return binariesIn(join(UNPACKED, 'usr/bin'));
}

function binariesIn(folder: string): PrometheusBinaries {
  return { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') };
}

async function unpackOfDebian(): Promise<void> {
  const making = `${UNPACKED}-${String(process.pid)}`;
  await mkdir(making, { recursive: true });
  try {
    if (process.getuid?.() === 0) await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['download', '-qq', 'prometheus'], { cwd: making });
    const archive = (await readdir(making)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get has downloaded nothing');
    await run('dpkg', ['-x', archive, 'unpacked'], { cwd: making });
    await rm(UNPACKED, { recursive: true, force: true });
    await rename(join(making, 'unpacked'), UNPACKED);
  } catch (cause) {
    throw new Error('Prometheus is needed where CI is true, and could not be fetched with apt-get', { cause });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}
