import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { StateRepair } from '../state-backend.ts';
import { LAYOUT_FORMAT } from './checkpoint-manifest.ts';
import {
  checksumOf,
  errorCode,
  removeDurably,
  renameDurably,
  statOf,
  textOf,
  writeDurably,
  type Checksum,
} from './durable-files.ts';
import { checkLog, type LogCheck } from './log-check.ts';

/** What only a process that is in the midst of something has in the folder. */
const SCRATCH = /^(?:db\.restoring\.partial|.*\.json\.partial|scratch-\d+)$/;

/** Who has a state folder. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** In ms since 1970. */
  readonly since: number;
}

/** What is noted of a database: how it was closed, and what damage was found in it. */
export interface StateNotes {
  readonly closed: string | undefined;
  readonly damaged: string | undefined;
}

/** The files and folders of one state. */
export class StateFolder {
  readonly path: string;
  /** RocksDB's own. */
  readonly db: string;
  /** A database that holds nothing: its lock is what a process has that has the state. */
  readonly lock: string;
  /** Whole, and about to become `db`. */
  readonly restoring: string;

  constructor(path: string) {
    this.path = path;
    this.db = join(path, 'db');
    this.lock = join(path, 'lock');
    this.restoring = join(path, 'db.restoring');
  }

  /** @throws ProcessorError STATE_MISMATCH where a later version wrote the folder. */
  async checkFormat(): Promise<void> {
    const read = await this.#read('format.json');
    if (read === undefined) return;
    const format = isObject(read) ? read['format'] : undefined;
    if (format === LAYOUT_FORMAT) return;
    const what = typeof format === 'number' ? `the format ${format}` : 'no format that can be read';
    const message =
      `${join(this.path, 'format.json')} has ${what}, and this version reads ${LAYOUT_FORMAT}. ` +
      'Run the version that wrote the state, or choose another folder';
    throw new ProcessorError('state', 'STATE_MISMATCH', message);
  }

  writeFormat(): Promise<void> {
    return this.#write('format.json', { format: LAYOUT_FORMAT });
  }

  async hasFormat(): Promise<boolean> {
    return (await statOf(join(this.path, 'format.json'))) !== undefined;
  }

  writeOwner(owner: Owner): Promise<void> {
    return this.#write('owner.json', owner);
  }

  removeOwner(): Promise<void> {
    return removeDurably(join(this.path, 'owner.json'));
  }

  /** The error for one who finds the state taken. */
  async lockedError(): Promise<ProcessorError> {
    const owner = await this.#read('owner.json');
    let who = 'another process';
    if (isObject(owner)) {
      const { pid, host, since } = owner;
      const when = typeof since === 'number' && Math.abs(since) <= 8.64e15 ? new Date(since).toISOString() : 'unknown';
      who = `process ${String(pid)} on ${String(host)}, since ${when},`;
    }
    const message = `${who} has the state in ${this.path} open. Stop it, or give this one another folder`;
    return new ProcessorError('state', 'STATE_LOCKED', message);
  }

  /** Notes what a clean close leaves, so that the next open can tell a file that was cut since. */
  async writeClosed(): Promise<void> {
    await this.#write('closed.json', { files: await this.#filesNow() });
  }

  removeClosed(): Promise<void> {
    return removeDurably(join(this.path, 'closed.json'));
  }

  /** Notes damage found while the state was open: the next open is to mend it. */
  writeDamage(damage: string): Promise<void> {
    return this.#write('damaged.json', { damage });
  }

  removeDamage(): Promise<void> {
    return removeDurably(join(this.path, 'damaged.json'));
  }

  /** What was noted of the database, as text. */
  async notes(): Promise<StateNotes> {
    const [closed, damaged] = await Promise.all(
      ['closed.json', 'damaged.json'].map((name) => textOf(join(this.path, name))),
    );
    return { closed, damaged };
  }

  /** Has what was noted of the database that this one is a copy of. */
  async takeNotes({ closed, damaged }: StateNotes): Promise<void> {
    if (closed !== undefined) await writeDurably(join(this.path, 'closed.json'), closed);
    if (damaged !== undefined) await writeDurably(join(this.path, 'damaged.json'), damaged);
  }

  /** Notes a repair that is about to be made, so that it is told of even if this process ends in its midst. */
  writeRepair(repair: StateRepair): Promise<void> {
    return this.#write('repair.json', repair);
  }

  async takeRepair(): Promise<StateRepair | null> {
    const read = await this.#read('repair.json');
    await removeDurably(join(this.path, 'repair.json'));
    return isObject(read) ? (read as unknown as StateRepair) : null;
  }

  /** True if no state was ever here. */
  async isNew(): Promise<boolean> {
    if (await this.hasFormat()) return false;
    return (await statOf(join(this.db, 'CURRENT'))) === undefined;
  }

  /** Undoes or finishes a restore that was interrupted. Afterwards there is a `db`, if there ever was one. */
  async finishRestore(): Promise<void> {
    const names = await readdir(this.path);
    for (const name of names.filter((each) => SCRATCH.test(each))) await removeDurably(join(this.path, name));
    for (const name of names) {
      const reader = /^snapshot-(\d+)-\d+$/.exec(name)?.[1];
      if (reader !== undefined && !isRunning(Number(reader))) await removeDurably(join(this.path, name));
    }
    const replaced = names.filter((name) => /^db\.replaced-\d+$/.test(name)).toSorted();
    if (names.includes('db')) await removeDurably(this.restoring);
    else if (names.includes('db.restoring')) await renameDurably(this.restoring, this.db);
    else if (replaced.length > 0) await renameDurably(join(this.path, replaced.pop() ?? ''), this.db);
    for (const name of replaced) await removeDurably(join(this.path, name));
  }

  /** What is wrong with the database, as far as can be told without opening it; undefined if nothing is. */
  async findDamage(): Promise<string | undefined> {
    const noted = await this.#read('damaged.json');
    if (noted !== undefined) return isObject(noted) ? String(noted['damage']) : 'damage was noted, but not what';
    const current = await textOf(join(this.db, 'CURRENT'));
    if (current === undefined) return `${join(this.db, 'CURRENT')} is missing`;
    const manifest = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
    if (manifest === undefined) return `${join(this.db, 'CURRENT')} was altered: it names no MANIFEST`;
    const closed = await this.#read('closed.json');
    return (await this.#checkClosed(closed)) ?? (await this.#checkLogs(manifest));
  }

  async #checkClosed(closed: unknown): Promise<string | undefined> {
    if (closed === undefined) return undefined;
    const files = isObject(closed) && isObject(closed['files']) ? closed['files'] : {};
    for (const [name, expected] of Object.entries(files)) {
      const path = join(this.db, name);
      const found = await statOf(path);
      if (found === undefined) return `${path} is missing`;
      if (!isObject(expected)) continue;
      const { sizeBytes, crc32 } = expected;
      if (found.size !== sizeBytes)
        return `${path} has ${found.size} bytes, not ${String(sizeBytes)} as when it was closed`;
      if (crc32 !== undefined && (await checksumOf(path)).crc32 !== crc32)
        return `${path} was altered since it was closed`;
    }
    return undefined;
  }

  async #checkLogs(manifest: string): Promise<string | undefined> {
    if ((await statOf(join(this.db, manifest))) === undefined) return `${join(this.db, manifest)} is missing`;
    const logs = (await readdir(this.db)).filter((name) => name.endsWith('.log')).toSorted();
    let torn: { readonly path: string; readonly check: LogCheck } | undefined;
    for (const name of [manifest, ...logs]) {
      const path = join(this.db, name);
      const check = checkLog(await readFile(path));
      if (check.is === 'damaged') return `${path} is damaged at byte ${check.badAt}`;
      if (name === manifest) continue;
      // What was cut off by a crash was never acknowledged: the next log then goes on with the same number.
      if (torn !== undefined && check.first !== undefined && check.first !== torn.check.next) {
        return `${torn.path} is damaged at byte ${torn.check.badAt}: what ${name} goes on from is not there`;
      }
      if (check.is === 'torn') torn = { path, check };
      else if (check.first !== undefined) torn = undefined;
    }
    return undefined;
  }

  async #filesNow(): Promise<Record<string, Partial<Checksum>>> {
    const files: Record<string, Partial<Checksum>> = {};
    for (const name of await readdir(this.db)) {
      if (!/^(?:CURRENT|MANIFEST-.*|.*\.log|.*\.sst)$/.test(name)) continue;
      const path = join(this.db, name);
      // Tables have checksums of their own in every block; to read them all would take too long.
      if (name.endsWith('.sst')) files[name] = { sizeBytes: (await statOf(path))?.size ?? 0 };
      else files[name] = await checksumOf(path);
    }
    return files;
  }

  async #read(name: string): Promise<unknown> {
    const text = await textOf(join(this.path, name));
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

  #write(name: string, content: unknown): Promise<void> {
    return writeDurably(join(this.path, name), `${JSON.stringify(content)}\n`);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
