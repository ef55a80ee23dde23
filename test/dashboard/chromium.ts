import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function find(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where Chromium is; undefined where there is none, and the tests that need it are left out. Where all checks must run
 * (`CI=true`) it is installed, from the packages of Debian.
 * @throws Error where it must be there and cannot be had.
 */
export function chromiumPath(): string | undefined {
  const found = find();
  if (found !== undefined || process.env['CI'] !== 'true') return found;
  const script = 'apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium';
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  const installed = find();
  if (installed === undefined) {
    throw new Error(`Chromium is not here, and could not be installed (${String(status)}):\n${stdout}${stderr}`);
  }
  return installed;
}
