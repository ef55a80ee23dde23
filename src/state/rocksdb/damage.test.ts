import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, codeOf, keysOf } from '../state-backend-model.contract.ts';
import { listCheckpointsIn, verifyCheckpointIn } from './checkpoint-folder.ts';
import { usePlaces, type StatePlace } from './scratch.contract.ts';
import { openSnapshot } from './state-snapshot.ts';

function alter(path: string, at: number): void {
  const content = readFileSync(path);
  content[at] = (content[at] ?? 0) ^ 0x04;
  // Anew, for the file may have a second name in a checkpoint.
  rmSync(path);
  writeFileSync(path, content);
}

describe('a checkpoint', () => {
  const places = usePlaces();

  it('is found altered at every byte, and cut at every length', async () => {
    const place = places();
    const backend = await place.open();
    await backend.put(bytes(1), bytes(1, 2, 3));
    await backend.checkpoint('one');
    await backend.close();
    const folder = join(place.checkpointPath, 'one');
    expect(await verifyCheckpointIn(folder)).toEqual([]);
    const files = ['checkpoint.json', ...readdirSync(join(folder, 'db')).map((name) => join('db', name))];
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of files) {
      const path = join(folder, file);
      const sound = readFileSync(path);
      for (let i = 0; i < sound.length; i++) {
        const altered = Buffer.from(sound);
        altered[i] = (altered[i] ?? 0) ^ (1 << (i % 8));
        writeFileSync(path, altered);
        expect(await verifyCheckpointIn(folder), `${file}, byte ${i} altered`).not.toEqual([]);
        writeFileSync(path, sound.subarray(0, i));
        expect(await verifyCheckpointIn(folder), `${file}, cut at ${i}`).not.toEqual([]);
      }
      rmSync(path);
      expect((await verifyCheckpointIn(folder)).join(), `${file} removed`).toContain(file);
      writeFileSync(path, sound);
    }
    expect(await verifyCheckpointIn(folder)).toEqual([]);
  });

  it.each([
    ['a path', 'checkpoint.json', (text: string) => text.replaceAll('"CURRENT"', '"../../CURRENT"')],
    ['a later format', 'checkpoint.json', (text: string) => text.replace('"format": 1', '"format": 2')],
    ['no JSON', 'checkpoint.json', () => 'nonsense'],
    ['another date', 'checkpoint.json', (text: string) => text.replace('"createdAt": ', '"createdAt": 1')],
  ])('whose manifest has %s is refused, and not listed', async (_what, file, change) => {
    const place = places();
    const backend = await place.open();
    await backend.checkpoint('one');
    const path = join(place.checkpointPath, 'one', file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    expect(await backend.verifyCheckpoint('one')).toHaveLength(1);
    expect(await listCheckpointsIn(place.checkpointPath)).toEqual([]);
    expect(await codeOf(backend.restore('one'))).toBe('CHECKPOINT_CORRUPT');
    await backend.put(bytes(1), bytes(1));
    expect(await keysOf(backend)).toEqual([[1]]);
  });

  it('that was not finished is none', async () => {
    const place = places();
    const backend = await place.open();
    await backend.checkpoint('one');
    rmSync(join(place.checkpointPath, 'one', 'checkpoint.json'));
    expect(await backend.listCheckpoints()).toEqual([]);
    expect(await codeOf(backend.restore('one'))).toBe('CHECKPOINT_UNKNOWN');
  });
});

/** A closed state that holds the keys 1 to 5, with checkpoints of 1 to 3 and of 1 to 4. */
async function makeState(place: StatePlace): Promise<void> {
  const backend = await place.open();
  for (const key of [1, 2, 3]) await backend.put(bytes(key), new Uint8Array(30).fill(key));
  await backend.checkpoint('three');
  await backend.put(bytes(4), bytes(4));
  await backend.checkpoint('four');
  await backend.put(bytes(5), bytes(5));
  await backend.close();
}

function fileOf(place: StatePlace, pattern: RegExp): string {
  const db = join(place.path, 'db');
  return join(db, readdirSync(db).find((name) => pattern.test(name)) ?? 'none');
}

describe('a damaged state', () => {
  const places = usePlaces();

  it.each<[string, (place: StatePlace) => void]>([
    ['CURRENT is missing', (place) => rmSync(fileOf(place, /^CURRENT$/))],
    ['CURRENT is altered', (place) => alter(fileOf(place, /^CURRENT$/), 3)],
    ['MANIFEST is missing', (place) => rmSync(fileOf(place, /^MANIFEST/))],
    ['MANIFEST is altered', (place) => alter(fileOf(place, /^MANIFEST/), 20)],
    ['MANIFEST is cut', (place) => truncateSync(fileOf(place, /^MANIFEST/), 40)],
    ['a log is missing', (place) => rmSync(fileOf(place, /log$/))],
    ['a log is altered', (place) => alter(fileOf(place, /log$/), 30)],
    ['a log is cut', (place) => truncateSync(fileOf(place, /log$/), 30)],
    [
      'the end of a log is cut',
      (place) => truncateSync(fileOf(place, /log$/), readFileSync(fileOf(place, /log$/)).length - 1),
    ],
    ['the whole database is missing', (place) => rmSync(join(place.path, 'db'), { recursive: true })],
    ['the whole folder is missing', (place) => rmSync(place.path, { recursive: true })],
  ])('falls back to the newest checkpoint where %s', async (_what, damage) => {
    const place = places();
    await makeState(place);
    damage(place);
    const backend = await place.open();
    expect(await keysOf(backend)).toEqual([[1], [2], [3], [4]]);
    expect(backend.repair?.restored.id).toBe('four');
    const putAside = backend.repair?.putAside ?? '';
    expect(putAside === '' || existsSync(putAside)).toBe(true);
    await backend.close();
    await backend.open();
    expect(backend.repair).toBeNull();
    expect(await keysOf(backend)).toEqual([[1], [2], [3], [4]]);
  });

  it.each<[string, (place: StatePlace) => void, string]>([
    ['CURRENT is empty', (place) => truncateSync(fileOf(place, /^CURRENT$/), 0), 'CURRENT was altered: it names no'],
    ['CURRENT is missing', (place) => rmSync(fileOf(place, /^CURRENT$/)), 'CURRENT'],
    ['a log is altered', (place) => alter(fileOf(place, /log$/), 30), '.log was altered since it was closed'],
    ['a log is cut', (place) => truncateSync(fileOf(place, /log$/), 30), '.log has 30 bytes, not'],
    ['a log is missing', (place) => rmSync(fileOf(place, /log$/)), '.log is missing'],
    ['MANIFEST is empty', (place) => truncateSync(fileOf(place, /^MANIFEST/), 0), 'has 0 bytes, not'],
    ['damage was noted', (place) => writeFileSync(join(place.path, 'damaged.json'), '{"damage":"a table"}'), 'a table'],
  ])('is not shown as another one where %s, and is left as it is', async (_what, damage, message) => {
    const place = places();
    await makeState(place);
    damage(place);
    const before = readdirSync(place.path);
    await expect(openSnapshot(place.path)).rejects.toMatchObject({
      code: 'STATE_CORRUPT',
      message: expect.stringContaining(message),
    });
    await expect(openSnapshot(place.path)).rejects.not.toThrow('snapshot-');
    expect(readdirSync(place.path)).toEqual(before);
  });

  it('is shown as far as it goes where a crash has cut off the last write', async () => {
    const place = places();
    await makeState(place);
    rmSync(join(place.path, 'closed.json'));
    const log = fileOf(place, /log$/);
    truncateSync(log, readFileSync(log).length - 1);
    const snapshot = await openSnapshot(place.path);
    expect(snapshot.sizeBytes()).toBeGreaterThan(0);
    await snapshot.close();
  });

  it('falls back to the newest checkpoint that is sound', async () => {
    const place = places();
    await makeState(place);
    rmSync(fileOf(place, /^CURRENT$/));
    const four = join(place.checkpointPath, 'four', 'db');
    alter(join(four, readdirSync(four).find((name) => name.endsWith('.log')) ?? ''), 9);
    const backend = await place.open();
    expect(backend.repair?.restored.id).toBe('three');
    expect(await keysOf(backend)).toEqual([[1], [2], [3]]);
  });

  it('is left alone, and the error says what to do, where no checkpoint is sound', async () => {
    const place = places();
    await makeState(place);
    alter(fileOf(place, /log$/), 30);
    for (const { id } of await listCheckpointsIn(place.checkpointPath)) {
      rmSync(join(place.checkpointPath, id, 'db', 'CURRENT'));
    }
    await expect(place.open()).rejects.toMatchObject({
      code: 'STATE_CORRUPT',
      message: expect.stringMatching(/\.log was altered since it was closed.*CURRENT is missing.*move .* away/s),
    });
    expect(existsSync(fileOf(place, /log$/))).toBe(true);
  });

  it('is found while it is read, if a table is altered, and mended by the next open', async () => {
    const place = places();
    const backend = await place.open();
    for (let round = 0; round < 3; round++) {
      await backend.put(
        bytes(7),
        new Uint8Array(5000).map((_, i) => (i * i) >>> 3),
      );
      await backend.close();
      await backend.open();
    }
    const db = join(place.path, 'db');
    const tables = readdirSync(db).filter((name) => name.endsWith('.sst'));
    expect(tables).not.toEqual([]);
    await backend.checkpoint('one');
    await backend.close();
    for (const table of tables) for (let at = 100; at < 4000; at += 500) alter(join(db, table), at);
    await backend.open();
    expect(await codeOf(backend.get(bytes(7)))).toBe('STATE_CORRUPT');
    await backend.close();
    await backend.open();
    expect(backend.repair?.damage).toContain('Corruption');
    expect((await backend.get(bytes(7)))?.length).toBe(5000);
  });

  it('that was restored by hand after its damage was found is not mended again', async () => {
    const place = places();
    const backend = await place.open();
    await backend.put(bytes(1), bytes(1));
    await backend.checkpoint('one');
    await backend.close();
    writeFileSync(join(place.path, 'damaged.json'), '{"damage":"a table"}');
    await backend.open();
    expect(backend.repair?.damage).toBe('a table');
    writeFileSync(join(place.path, 'damaged.json'), '{"damage":"a table"}');
    await backend.restore('one');
    await backend.put(bytes(2), bytes(2));
    await backend.close();
    await backend.open();
    expect(backend.repair).toBeNull();
    expect(await keysOf(backend)).toEqual([[1], [2]]);
  });

  it('is not one whose log was cut off in its last write by a crash', async () => {
    const place = places();
    await makeState(place);
    rmSync(join(place.path, 'closed.json'));
    const log = fileOf(place, /log$/);
    truncateSync(log, readFileSync(log).length - 1);
    const backend = await place.open();
    expect(backend.repair).toBeNull();
    expect(await keysOf(backend)).toEqual([[1], [2], [3], [4]]);
  });

  it('of a later layout is refused', async () => {
    const place = places();
    await makeState(place);
    writeFileSync(join(place.path, 'format.json'), '{"format":2}');
    expect(await codeOf(place.open())).toBe('STATE_MISMATCH');
  });
});

describe('a restore that is interrupted', () => {
  const places = usePlaces();
  const all = [[1], [2], [3], [4], [5]];

  it.each<[string, readonly (readonly number[])[], (path: string) => void]>([
    [
      'before the copy is whole',
      all,
      (path) => cpSync(join(path, 'three'), join(path, 'db.restoring.partial'), { recursive: true }),
    ],
    [
      'before the first rename',
      all,
      (path) => cpSync(join(path, 'three'), join(path, 'db.restoring'), { recursive: true }),
    ],
    [
      'between the two renames',
      all.slice(0, 3),
      (path) => {
        cpSync(join(path, 'three'), join(path, 'db.restoring'), { recursive: true });
        renameSync(join(path, 'db'), join(path, 'db.replaced-1'));
      },
    ],
    [
      'after both renames',
      all.slice(0, 3),
      (path) => {
        renameSync(join(path, 'db'), join(path, 'db.replaced-1'));
        cpSync(join(path, 'three'), join(path, 'db'), { recursive: true });
      },
    ],
    ['without a copy', all, (path) => renameSync(join(path, 'db'), join(path, 'db.replaced-1'))],
  ])('%s is finished or undone by the next open', async (_when, keys, interrupt) => {
    const place = places();
    await makeState(place);
    // A restore happens while the state is open, so that nothing is noted of a clean close.
    rmSync(join(place.path, 'closed.json'));
    cpSync(join(place.checkpointPath, 'three', 'db'), join(place.path, 'three'), { recursive: true });
    interrupt(place.path);
    const backend = await place.open();
    expect(backend.repair).toBeNull();
    expect(await keysOf(backend)).toEqual(keys);
    expect(readdirSync(place.path).filter((name) => name.startsWith('db'))).toEqual(['db']);
  });
});
