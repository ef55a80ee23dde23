import { mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import { requireSound } from './checkpoint-folder.ts';
import { LAYOUT_FORMAT, writeManifest } from './checkpoint-manifest.ts';
import { copyDurably, makeFolder, removeDurably, renameDurably, statOf, sync, writeDurably } from './durable-files.ts';

/**
 * Copies the checkpoint in a folder, all of it, to a directory that is not there yet or is empty. The copy can be
 * moved to another machine, be the `path` of a backend as it is, or be restored from. No database needs to be open.
 *
 * @throws ProcessorError CHECKPOINT_CORRUPT; STATE_FAILED if `directory` holds something.
 */
export async function exportCheckpoint(folder: string, directory: string): Promise<void> {
  const target = resolve(directory);
  if ((await statOf(target)) !== undefined && (await readdir(target)).length > 0) {
    throw new ProcessorError('state', 'STATE_FAILED', `${target} is not empty: name a directory that is not there yet`);
  }
  const manifest = await requireSound(folder);
  await makeFolder(dirname(target));
  const partial = join(dirname(target), `.${basename(target)}.partial`);
  await removeDurably(partial);
  await mkdir(join(partial, 'db'), { recursive: true });
  try {
    for (const { name } of manifest.files) await copyDurably(join(folder, 'db', name), join(partial, 'db', name));
    await sync(join(partial, 'db'));
    await writeDurably(join(partial, 'format.json'), `${JSON.stringify({ format: LAYOUT_FORMAT })}\n`);
    await writeManifest(partial, manifest);
    await renameDurably(partial, target);
  } catch (error) {
    await removeDurably(partial);
    throw error;
  }
}
