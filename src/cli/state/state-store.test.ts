import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { stateStore } from './state-store.ts';

const FOLDERS = 40;
const TRIES = 30;

it('the size of a state can be told while its process makes folders in it and removes them', async () => {
  const path = await mkdtemp(join(tmpdir(), 'processor-size-'));
  onTestFinished(() => rm(path, { recursive: true }));
  const store = stateStore({ path, checkpointPath: join(path, 'none') });
  await writeFile(join(path, 'stays'), 'twelve bytes');
  const folders = Array.from({ length: FOLDERS }, (_, i) => join(path, `scratch-${String(i)}`));
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    for (const folder of folders) await mkdir(join(folder, 'db'), { recursive: true });
    const [size] = await Promise.all([store.size(), ...folders.map((folder) => rm(folder, { recursive: true }))]);
    expect(size).toEqual({ files: 1, bytes: 12 });
  }
});
