import type { ErrorCode } from '../../errors/codes.ts';
import type { CheckpointInfo, StateRepair } from '../state-backend.ts';
import type { MemoryBudget, ScanPage } from './database.ts';
import type { Owner } from './state-folder.ts';

/** What the worker is asked to open. */
export interface OpenRequest extends MemoryBudget {
  readonly path: string;
  readonly checkpointPath: string;
  readonly owner: Owner;
}

/** What the worker can be asked, and what it answers. Packed lists cross by transfer. */
export interface Commands {
  readonly open: { readonly ask: OpenRequest; readonly answer: StateRepair | null };
  /** Opens a copy of what another process has open; nothing can be written to it. */
  readonly openSnapshot: { readonly ask: { readonly path: string } & MemoryBudget; readonly answer: null };
  readonly close: { readonly ask: null; readonly answer: null };
  /** Gives back the buffer, to be used again. */
  readonly batch: { readonly ask: ArrayBuffer; readonly answer: ArrayBuffer };
  readonly getMany: { readonly ask: ArrayBuffer; readonly answer: ArrayBuffer };
  /** Begins the scan `scan` and gives its first page. */
  readonly scan: {
    readonly ask: {
      readonly scan: number;
      readonly prefix: Uint8Array;
      readonly after?: Uint8Array;
      readonly limit?: number;
    };
    readonly answer: ScanPage;
  };
  readonly nextPage: { readonly ask: number; readonly answer: ScanPage };
  readonly endScan: { readonly ask: number; readonly answer: null };
  readonly checkpoint: {
    readonly ask: { readonly id: string; readonly createdAt: number };
    /** Writes waited `pausedMs` for it. */
    readonly answer: { readonly info: CheckpointInfo; readonly pausedMs: number };
  };
  /** Restores the checkpoint in a folder. */
  readonly restore: { readonly ask: { readonly folder: string; readonly now: number }; readonly answer: null };
  readonly deleteCheckpoint: { readonly ask: string; readonly answer: null };
}

/** The name of something that the worker can be asked. */
export type Command = keyof Commands;

/** The answer to one of them. */
export type Answer<C extends Command> = Commands[C]['answer'];

/** One question. */
export type Request = {
  [C in Command]: { readonly number: number; readonly command: C; readonly ask: Commands[C]['ask'] };
}[Command];

/** The answer to the question of the same number. `sizeBytes` is the size of the state after it. */
export type Response =
  | { readonly number: number; readonly answer: Answer<Command>; readonly sizeBytes: number }
  | { readonly number: number; readonly error: { readonly code: ErrorCode; readonly message: string } };
