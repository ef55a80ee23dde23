import { ProcessorError } from '../errors/processor-error.ts';
import type { CheckpointInfo } from '../state/state-backend.ts';
import { Checkpointer } from './checkpointer.ts';
import { EpochStore } from './epoch-store.ts';
import { noteRepair, type RecoveryOptions } from './recovery.ts';
import { StateWriter } from './state-writer.ts';

/** Checkpoints of a pipeline that is not running. Its state is opened for each call, and closed after it. */
export class StoredCheckpoints {
  readonly #options: RecoveryOptions;
  readonly #store: EpochStore;

  /** @throws ProcessorError CONFIG_INVALID for a pipeline that keeps no state. */
  constructor(options: RecoveryOptions) {
    const { state, name } = options.plan;
    if (!state.recoverable) {
      const message = `"${name}" keeps no state that could be gone back to: give it a state backend that does, such as RocksDB`;
      throw new ProcessorError('configuration', 'CONFIG_INVALID', message, { path: 'state' });
    }
    this.#options = options;
    this.#store = new EpochStore(state, name);
  }

  /** Makes one of the last committed epoch. @throws as {@link Checkpointer.make}. */
  make(id?: string): Promise<CheckpointInfo> {
    return this.#withState(async () => {
      const { plan } = this.#options;
      const committed = (await this.#store.read())?.meta;
      const over = AbortSignal.abort();
      const writer = new StateWriter({ ...this.#options, backend: plan.state, stopping: over, failing: over });
      const options = { ...this.#options, store: this.#store, writer, committed: () => committed };
      const checkpointer = new Checkpointer({ ...options, onReleased: () => undefined });
      await checkpointer.start();
      return checkpointer.make(id);
    });
  }

  /** Puts the state back to what it was at a checkpoint. @throws ProcessorError CHECKPOINT_UNKNOWN, CHECKPOINT_CORRUPT. */
  restore(id: string): Promise<void> {
    return this.#withState(async () => {
      const { state } = this.#options.plan;
      const known = await this.#store.readCheckpoints();
      await state.restore(id);
      // What stood there then knows nothing of the checkpoints that were made since.
      const restored = await this.#store.readCheckpoints();
      await state.batch([this.#store.checkpointsOperation(new Map([...restored, ...known]))]);
    });
  }

  /** All of them, oldest first. */
  list(): Promise<readonly CheckpointInfo[]> {
    return this.#withState(() => this.#options.plan.state.listCheckpoints());
  }

  async #withState<T>(run: () => Promise<T>): Promise<T> {
    const { state } = this.#options.plan;
    await state.open();
    try {
      noteRepair(this.#options);
      return await run();
    } finally {
      await state.close();
    }
  }
}
