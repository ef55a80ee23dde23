import type { CheckpointInfo } from '../state/state-backend.ts';

/** Makes a checkpoint of the running pipeline, under an id of the pipeline's choice where none is given. */
export type MakeCheckpoint = (id?: string) => Promise<CheckpointInfo>;
