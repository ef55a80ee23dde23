import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { RescaleSource, RescaleTarget } from '../../runtime/rescale/rescale.ts';
import { verifyCheckpointIn } from '../../state/rocksdb/checkpoint-folder.ts';
import { makeFolder, removeDurably, renameDurably, statOf } from '../../state/rocksdb/durable-files.ts';
import { openSnapshot } from '../../state/rocksdb/state-snapshot.ts';
import { openLoneState, type LoneState } from './lone-state.ts';
import { holdsState } from './state-store.ts';

/** There may be many states open at a time, each read or written from end to end. */
const MEMORY = { cacheMb: 1, writeBufferMb: 4 };

/** A state that is read from a folder. */
export interface OpenSourceFolder {
  readonly source: RescaleSource;
  close(): Promise<void>;
}

/**
 * Opens a folder to be dealt out: the state of an instance, which nobody can start on meanwhile, or a checkpoint, which is
 * read whole before.
 * @throws ProcessorError STATE_LOCKED while a process has the state, STATE_CORRUPT, CHECKPOINT_CORRUPT, RESCALE_REFUSED where
 * there is no state.
 */
export async function openSourceFolder(folder: string): Promise<OpenSourceFolder> {
  const path = resolve(folder);
  // A checkpoint that was exported, and then run on, is a state like any other: it has a lock.
  const wasRunOn = (await statOf(join(path, 'lock'))) !== undefined;
  const isCheckpoint = !wasRunOn && (await statOf(join(path, 'checkpoint.json'))) !== undefined;
  if (isCheckpoint) {
    const [fault] = await verifyCheckpointIn(path);
    if (fault !== undefined) {
      throw new ProcessorError('state', 'CHECKPOINT_CORRUPT', `the checkpoint in ${folder} is damaged: ${fault}`);
    }
    const snapshot = await openSnapshot(path);
    return { source: { name: folder, reader: snapshot }, close: () => snapshot.close() };
  }
  if (!(await holdsState(path))) {
    throw new ProcessorError('state', 'RESCALE_REFUSED', `there is no state in ${folder}, nor a checkpoint`);
  }
  const state = await openLoneState(path, MEMORY);
  return { source: { name: folder, reader: state.backend }, close: () => state.close() };
}

/** A state that is made in a folder beside the one that it is to be in, and gets its place when all of it is there. */
export class TargetFolder implements RescaleTarget {
  readonly name: string;
  readonly #path: string;
  readonly #partial: string;
  #state: LoneState | undefined;

  private constructor(folder: string) {
    this.name = folder;
    this.#path = resolve(folder);
    this.#partial = join(dirname(this.#path), `.${basename(this.#path)}.partial`);
  }

  /** @throws ProcessorError RESCALE_REFUSED for a folder that has something in it, or what making the state throws. */
  static async open(folder: string): Promise<TargetFolder> {
    const target = new TargetFolder(folder);
    try {
      await target.#requireEmpty();
      await makeFolder(dirname(target.#path));
      // What a process has left that ended in the midst of this.
      await removeDurably(target.#partial);
      target.#state = await openLoneState(target.#partial, MEMORY);
    } catch (cause) {
      if (ProcessorError.is(cause)) throw cause;
      throw new ProcessorError('state', 'STATE_FAILED', `${folder} cannot be made: ${messageOf(cause)}`, { cause });
    }
    return target;
  }

  async write(operations: Parameters<RescaleTarget['write']>[0]): Promise<void> {
    await this.#opened().backend.batch(operations);
  }

  async *readBack(): ReturnType<RescaleTarget['readBack']> {
    await this.#close();
    this.#state = await openLoneState(this.#partial, MEMORY);
    yield* this.#state.backend.scan(new Uint8Array());
  }

  /** Gives the state its place. */
  async putInPlace(): Promise<void> {
    await this.#close();
    await this.#requireEmpty();
    await renameDurably(this.#partial, this.#path);
  }

  /** Removes it from its place again. */
  async takeBack(): Promise<void> {
    await renameDurably(this.#path, this.#partial);
  }

  /** Leaves nothing of what has not got its place. */
  async clear(): Promise<void> {
    try {
      await this.#close();
    } finally {
      await removeDurably(this.#partial);
    }
  }

  async #requireEmpty(): Promise<void> {
    const found = await statOf(this.#path);
    if (found === undefined) return;
    const [first] = found.isDirectory() ? await readdir(this.#path) : [''];
    if (first === undefined) return;
    const why = found.isDirectory() ? `is not empty: there is ${JSON.stringify(first)}` : 'is no folder';
    const message = `${this.name} ${why}. Name folders that are not there yet`;
    throw new ProcessorError('state', 'RESCALE_REFUSED', message);
  }

  #opened(): LoneState {
    if (this.#state !== undefined) return this.#state;
    throw new ProcessorError('state', 'STATE_FAILED', `the new state for ${this.name} is not open`);
  }

  async #close(): Promise<void> {
    const state = this.#state;
    this.#state = undefined;
    await state?.close();
  }
}

/** Gives all states their places, or none. @throws ProcessorError STATE_FAILED. */
export async function putAllInPlace(targets: readonly TargetFolder[]): Promise<void> {
  const placed: TargetFolder[] = [];
  for (const target of targets) {
    try {
      await target.putInPlace();
    } catch (cause) {
      for (const one of placed) await one.takeBack();
      if (ProcessorError.is(cause)) throw cause;
      const message = `the new state cannot be put to ${target.name}: ${messageOf(cause)}. Name a folder below it where that is one of its own disk`;
      throw new ProcessorError('state', 'STATE_FAILED', message, { cause });
    }
    placed.push(target);
  }
}
