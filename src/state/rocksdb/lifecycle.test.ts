import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bytes, codeOf, collect, keysOf } from '../state-backend-model.contract.ts';
import { exportCheckpoint } from './export-checkpoint.ts';
import { RocksDBStateBackend } from './rocksdb-state-backend.ts';
import type { Response } from './protocol.ts';
import { usePlaces } from './scratch.contract.ts';
import { Session } from './session.ts';
import { openSnapshot } from './state-snapshot.ts';
import { WorkerClient } from './worker-client.ts';

const MODULE = new URL('rocksdb-state-backend.ts', import.meta.url).href;

/** The number of a batch, and which of its pairs it is. */
function keyOf(batch: number, pair: number): Uint8Array {
  const key = Buffer.alloc(8);
  key.writeUInt32BE(batch, 0);
  key.writeUInt32BE(pair, 4);
  return key;
}

const WRITE_FOR_EVER = `
  const [path, first] = process.argv.slice(1);
  const { RocksDBStateBackend } = await import(${JSON.stringify(MODULE)});
  const backend = new RocksDBStateBackend(path, path + '-checkpoints', { writeBufferMb: 1 });
  await backend.open();
  for (let batch = Number(first); ; batch++) {
    const operations = Array.from({ length: 40 }, (_, pair) => {
      const key = Buffer.alloc(8);
      key.writeUInt32BE(batch, 0);
      key.writeUInt32BE(pair, 4);
      return { key, value: new Uint8Array(500).fill(batch) };
    });
    await backend.batch(operations);
    process.stdout.write(batch + '\\n');
    if (batch % 25 === 0) await backend.checkpoint('c' + (batch % 3));
  }
`;

describe('a state whose process is killed', () => {
  const places = usePlaces();

  it('has every batch that was acknowledged, whole, and none in half', async () => {
    const place = places();
    let written = -1;
    for (const lines of [1, 60, 7, 110, 26]) {
      const child = spawn(
        process.execPath,
        ['--input-type=module', '-e', WRITE_FOR_EVER, place.path, `${written + 1}`],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      onTestFinished(() => void child.kill('SIGKILL'));
      let seen = 0;
      for await (const line of createInterface(child.stdout)) {
        written = Number(line);
        if (++seen === lines) child.kill('SIGKILL');
      }
      const backend = await place.open();
      expect(backend.repair).toBeNull();
      const counts = new Map<number, number>();
      for await (const { key } of backend.scan(bytes())) {
        const batch = Buffer.from(key).readUInt32BE(0);
        counts.set(batch, (counts.get(batch) ?? 0) + 1);
      }
      // The last may have been written without having been told of.
      expect([written + 1, written + 2]).toContain(counts.size);
      expect(new Set(counts.values())).toEqual(new Set([40]));
      written = counts.size - 1;
      for (const { id } of await backend.listCheckpoints()) expect(await backend.verifyCheckpoint(id)).toEqual([]);
      await backend.close();
      expect(readdirSync(place.path).toSorted()).toEqual(['closed.json', 'db', 'format.json', 'lock']);
      if (written > 25) expect(readdirSync(place.checkpointPath).every((name) => /^c\d$/.test(name))).toBe(true);
    }
  });
});

describe('a checkpoint', () => {
  const places = usePlaces();

  it('that is made while batches are written holds those before it, each whole, and none after', async () => {
    const place = places();
    const backend = new RocksDBStateBackend(place.path, place.checkpointPath, { writeBufferMb: 1 });
    await backend.open();
    const taken: Promise<unknown>[] = [];
    const batches: Promise<void>[] = [];
    for (let batch = 0; batch < 120; batch++) {
      const value = new Uint8Array(2000).fill(batch);
      batches.push(backend.batch(Array.from({ length: 20 }, (_, pair) => ({ key: keyOf(batch, pair), value }))));
      if (batch % 20 === 19) taken.push(backend.checkpoint(`after-${batch + 1}`));
    }
    await Promise.all([...batches, ...taken]);
    for (const { id } of await backend.listCheckpoints()) {
      expect(await backend.verifyCheckpoint(id)).toEqual([]);
      await backend.restore(id);
      expect(await keysOf(backend)).toHaveLength(20 * Number(id.slice(6)));
    }
    await backend.close();
  });

  it.each(['', '.', '..', '../out', 'a/b', '.hidden', '-x', 'ä', 'x'.repeat(201)])(
    'cannot be called %j',
    async (id) => {
      const place = places();
      const backend = await place.open();
      expect(await codeOf(backend.checkpoint(id))).toBe('STATE_FAILED');
      expect(await codeOf(backend.restore(id))).toBe('CHECKPOINT_UNKNOWN');
      expect(await codeOf(backend.deleteCheckpoint(id))).toBeUndefined();
      expect(readdirSync(place.checkpointPath)).toEqual([]);
    },
  );

  it('that is exported can be opened as a state, and restored from', async () => {
    const place = places();
    const backend = await place.open();
    await backend.put(bytes(1), bytes(1));
    await backend.checkpoint('one');
    await backend.put(bytes(2), bytes(2));
    const copy = `${place.path}-export`;
    await backend.exportCheckpoint('one', copy);
    await exportCheckpoint(join(place.checkpointPath, 'one'), `${copy}-2`);
    expect(await codeOf(exportCheckpoint(copy, `${copy}-2`))).toBe('STATE_FAILED');
    await backend.restoreFrom(copy);
    expect(await keysOf(backend)).toEqual([[1]]);
    const other = new RocksDBStateBackend(copy, `${copy}-checkpoints`);
    await other.open();
    expect(await collect(other.scan(bytes()))).toEqual([[[1], [1]]]);
    await other.put(bytes(3), bytes(3));
    await other.close();
    expect(await backend.verifyCheckpoint('one')).toEqual([]);
  });
});

describe('a state that is open', () => {
  const places = usePlaces();

  it('cannot be opened by another, which is told who has it', async () => {
    const place = places();
    await place.open();
    const since = new Date().toISOString().slice(0, 13);
    await expect(place.open()).rejects.toMatchObject({
      code: 'STATE_LOCKED',
      message: expect.stringMatching(new RegExp(`process ${process.pid} on .*, since ${since}.* has the state`)),
    });
  });

  it('can be looked at by others as of a moment, and leaves nothing of that', async () => {
    const place = places();
    const backend = await place.open();
    await backend.put(bytes(1), bytes(1));
    const snapshot = await openSnapshot(place.path);
    await backend.put(bytes(2), bytes(2));
    expect(await collect(snapshot.scan(bytes()))).toEqual([[[1], [1]]]);
    expect(await snapshot.getMany([bytes(2), bytes(1)])).toEqual([undefined, bytes(1)]);
    await snapshot.close();
    expect(await codeOf(snapshot.getMany([bytes(1)]))).toBe('STATE_FAILED');
    expect(readdirSync(place.path).filter((name) => name.startsWith('snapshot'))).toEqual([]);
  });

  it('fails every call, and hangs in none, when its thread ends', async () => {
    const place = places();
    const client = new WorkerClient();
    const owner = { pid: 1, host: 'here', since: 0 };
    const { path, checkpointPath } = place;
    await client.ask('open', { path, checkpointPath, owner, cacheMb: 1, writeBufferMb: 1 });
    const asked = client.ask('batch', new ArrayBuffer(4));
    const ended = client.end();
    expect(await codeOf(asked)).toBe('STATE_FAILED');
    expect(await codeOf(client.ask('close', null))).toBe('STATE_FAILED');
    await ended;
    await place.open();
  });

  it('ends its scans when it is closed or restored, and gives the rest of a long one in pages', async () => {
    const place = places();
    const backend = await place.open();
    const value = new Uint8Array(1000);
    await backend.batch(Array.from({ length: 3000 }, (_, i) => ({ key: keyOf(1, i), value })));
    expect(await keysOf(backend)).toHaveLength(3000);
    const scan = backend.scan(bytes());
    const iterator = scan[Symbol.asyncIterator]();
    await iterator.next();
    await backend.checkpoint('one');
    await backend.restore('one');
    const rest = async (): Promise<void> => {
      while ((await iterator.next()).done !== true);
    };
    expect(await codeOf(rest())).toBe('STATE_FAILED');
    expect(await keysOf(backend)).toHaveLength(3000);
  });
});

describe('a machine without the package', () => {
  it('is told what to install', async () => {
    const answers: Response[] = [];
    const session = new Session(
      () => Promise.reject(new Error('Cannot find package')),
      (response) => answers.push(response),
    );
    const ask = { path: 'p', checkpointPath: 'c', owner: { pid: 1, host: '', since: 0 }, cacheMb: 1, writeBufferMb: 1 };
    session.receive({ number: 1, command: 'open', ask });
    await expect
      .poll(() => answers)
      .toMatchObject([
        {
          number: 1,
          error: { code: 'STATE_UNAVAILABLE', message: expect.stringContaining('npm install @nxtedition/rocksdb') },
        },
      ]);
    expect(existsSync('p')).toBe(false);
  });
});

const FILL_THE_DISK = `
  import { rmSync, writeFileSync } from 'node:fs';
  import { randomBytes } from 'node:crypto';
  const disk = process.argv[1];
  const { RocksDBStateBackend } = await import(${JSON.stringify(MODULE)});
  writeFileSync(disk + '/ballast', randomBytes(8 << 20));
  const backend = new RocksDBStateBackend(disk + '/s', disk + '/c', { writeBufferMb: 2 });
  await backend.open();
  const tried = async (work) => { try { await work(); return 'done'; } catch (error) { return error.code; } };
  const write = (batch) => backend.batch([...Array(100).keys()].map((pair) => {
    const key = Buffer.alloc(8);
    key.writeUInt32BE(batch, 0);
    key.writeUInt32BE(pair, 4);
    return { key, value: randomBytes(2000) };
  }));
  let batch = 0;
  let first = 'done';
  while (batch < 1000 && (first = await tried(() => write(batch))) === 'done') batch++;
  const again = await tried(() => write(batch));
  const read = (await backend.get(Buffer.alloc(8)))?.length;
  rmSync(disk + '/ballast');
  const after = await tried(() => write(batch));
  const count = async () => { let n = 0; for await (const _ of backend.scan(new Uint8Array())) n++; return n; };
  const open = await count();
  await backend.close();
  await backend.open();
  console.log(JSON.stringify({ first, again, read, after, missing: 100 * (batch + 1) - open, reopened: (await count()) - open, repair: backend.repair }));
  await backend.close();
`;

const CAN_MOUNT = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true']).status === 0;

describe('a state on a disk that gets full', () => {
  const places = usePlaces();

  it('refuses batches, can be read, loses nothing, and goes on when there is room', async (context) => {
    if (!CAN_MOUNT) context.skip('unshare --user --map-root-user --mount does not work here');
    const { path } = places();
    mkdirSync(path);
    const mount = `mount -t tmpfs -o size=24m tmpfs "$1" && exec "$2" --input-type=module -e "$3" "$1"`;
    const child = spawn(
      'unshare',
      ['--user', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh', path, process.execPath, FILL_THE_DISK],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    await once(child, 'close');
    expect(JSON.parse(told)).toEqual({
      first: 'STATE_FULL',
      again: 'STATE_FULL',
      read: 2000,
      after: 'done',
      missing: 0,
      reopened: 0,
      repair: null,
    });
  });
});

describe('a folder that cannot be made', () => {
  const places = usePlaces();

  it('is named, with what to do', async () => {
    const { path } = places();
    const file = join(path, 'file');
    mkdirSync(path, { recursive: true });
    writeFileSync(file, '');
    // Node's recursive mkdir would never come back from /proc.
    for (const folder of [join(file, 'state'), file, ...(existsSync('/proc/self') ? ['/proc/nowhere/state'] : [])]) {
      const opened = new RocksDBStateBackend(folder, join(path, 'checkpoints')).open();
      await expect(opened).rejects.toMatchObject({
        code: 'STATE_FAILED',
        message: expect.stringMatching(/^making the folder .*: choose another folder$/) as string,
      });
    }
  });
});
