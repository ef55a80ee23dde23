import { ProcessorError } from '../../errors/processor-error.ts';
import { loadNative, type ImportNative } from './native.ts';
import type { Answer, Command, Commands, Request, Response } from './protocol.ts';
import { ServedState } from './served-state.ts';
import { stateError } from './status-error.ts';

type AnyAnswer = Answer<Command>;

/** An answer that comes later, while the next question is already taken up. */
interface Later {
  readonly later: Promise<AnyAnswer>;
}

type Send = (response: Response, transfer: readonly ArrayBuffer[]) => void;

/**
 * One state, as the worker serves it. Questions are answered in their order; only a checkpoint is finished while
 * others are answered, from the files as they were when its turn came.
 */
export class Session {
  readonly #importNative: ImportNative;
  readonly #send: Send;
  readonly #waiting: Request[] = [];
  #isBusy = false;
  #state: ServedState | undefined;
  /** The last of the checkpoints that are being made or deleted, one after another. */
  #checkpoints: Promise<unknown> = Promise.resolve();

  constructor(importNative: ImportNative, send: Send) {
    this.#importNative = importNative;
    this.#send = send;
  }

  /** Takes up a question. */
  receive(request: Request): void {
    this.#waiting.push(request);
    if (!this.#isBusy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let request = this.#waiting.shift(); request !== undefined; request = this.#waiting.shift()) {
      await this.#answer(request);
    }
    this.#isBusy = false;
  }

  async #answer(request: Request): Promise<void> {
    try {
      const answer = await this.#do(request);
      if (answer === null || !('later' in answer)) this.#reply(request, answer);
      else void this.#answerLater(request, answer.later);
    } catch (error) {
      await this.#refuse(request, error);
    }
  }

  async #answerLater(request: Request, later: Promise<AnyAnswer>): Promise<void> {
    try {
      this.#reply(request, await later);
    } catch (error) {
      await this.#refuse(request, error);
    }
  }

  #reply({ number }: Request, answer: AnyAnswer): void {
    let packed: unknown = answer;
    if (answer !== null && 'entries' in answer) packed = answer.entries;
    const transfer = packed instanceof ArrayBuffer ? [packed] : [];
    this.#send({ number, answer, sizeBytes: this.#state?.sizeBytes() ?? 0 }, transfer);
  }

  async #refuse({ number, command }: Request, thrown: unknown): Promise<void> {
    const { code, message } = stateError(thrown, `"${command}" of the state`);
    // Read from a damaged file: the next open is to mend it, not to run into it again.
    if (code === 'STATE_CORRUPT') await this.#state?.noteDamage(message);
    this.#send({ number, error: { code, message } }, []);
  }

  #do({ command, ask }: Request): AnyAnswer | Later | Promise<AnyAnswer | Later> {
    switch (command) {
      case 'open':
        return this.#open(ask);
      case 'openSnapshot':
        return this.#openSnapshot(ask);
      case 'close':
        return this.#close();
      case 'batch':
        return this.#opened().batch(ask);
      case 'getMany':
        return this.#opened().getMany(ask);
      case 'scan':
        return this.#opened().scan(ask);
      case 'nextPage':
        return this.#opened().nextPage(ask);
      case 'endScan':
        this.#state?.endScan(ask);
        return null;
      case 'checkpoint':
        return this.#checkpoint(ask);
      case 'restore':
        return this.#restore(ask);
      case 'deleteCheckpoint':
        return { later: this.#afterOthers(() => this.#opened().deleteCheckpoint(ask)) };
    }
  }

  async #open(ask: Commands['open']['ask']): Promise<Answer<'open'>> {
    const native = await loadNative(this.#importNative);
    const { state, repair } = await ServedState.open(native, ask);
    this.#state = state;
    return repair;
  }

  async #openSnapshot(ask: Commands['openSnapshot']['ask']): Promise<null> {
    const native = await loadNative(this.#importNative);
    this.#state = await ServedState.openSnapshot(native, ask);
    return null;
  }

  async #close(): Promise<null> {
    await this.#checkpoints;
    const state = this.#state;
    this.#state = undefined;
    await state?.close();
    return null;
  }

  async #checkpoint({ id, createdAt }: Commands['checkpoint']['ask']): Promise<Later> {
    const state = this.#opened();
    const { frozen, pausedMs } = await state.freeze();
    const finished = this.#afterOthers(() => state.finishCheckpoint(frozen, id, createdAt));
    return { later: finished.then((info) => ({ info, pausedMs })) };
  }

  async #restore({ folder, now }: Commands['restore']['ask']): Promise<null> {
    await this.#checkpoints;
    return this.#opened().restore(folder, now);
  }

  /** Checkpoints are made, replaced and deleted one after another. */
  #afterOthers<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#checkpoints.then(work);
    this.#checkpoints = done.catch(() => {});
    return done;
  }

  #opened(): ServedState {
    if (this.#state === undefined) throw new ProcessorError('state', 'STATE_FAILED', 'the state is not open');
    return this.#state;
  }
}
