import { ProcessorError } from '../../errors/processor-error.ts';
import { inspectState } from '../../runtime/state-inspection.ts';
import type { CheckpointInfo } from '../../state/state-backend.ts';
import type { CliIo } from '../cli-io.ts';
import { EXIT_CODE } from '../exit-code.ts';
import { formatBytes, formatCount } from '../quantity.ts';
import { isConfirmed } from './confirmation.ts';
import { inspectionJson } from './inspection-json.ts';
import { inspectionText } from './inspection-text.ts';
import { rescaleState } from './rescale-command.ts';
import { placeOf, type StatePlace } from './state-place.ts';
import type { StateCommands } from './state-program.ts';
import { stateStore, type FolderSize } from './state-store.ts';

/** How much `inspect` shows of what there may be any number of. */
const SHOWN = { spans: 10, keyPrefixes: 10 };

/** `processor state …`. Every method rejects with what the person is to be told. */
export function stateCommands(io: CliIo): Pick<StateCommands, 'inspectState' | 'resetState' | 'rescaleState'> {
  return {
    rescaleState: (options) => rescaleState(options, io),
    async inspectState(options) {
      const place = await placeOf(options, io);
      const store = stateStore(place);
      if (!(await store.isThere())) throw nothingAt(place);
      const snapshot = await store.snapshot();
      try {
        const contents = await inspectState(snapshot, SHOWN);
        const facts = { path: place.path, size: await store.size() };
        io.stdout.write(options.json === true ? inspectionJson(contents, facts) : inspectionText(contents, facts));
      } finally {
        await snapshot.close();
      }
      return EXIT_CODE.done;
    },
    async resetState(options) {
      const place = await placeOf(options, io);
      const store = stateStore(place);
      const isThere = await store.isThere();
      const checkpoints = await store.checkpoints();
      const doomed = options.checkpoints === true ? checkpoints : [];
      if (!isThere && doomed.length === 0) {
        io.stdout.write(`no state in ${place.path}: there is nothing to reset\n`);
        return EXIT_CODE.done;
      }
      if (isThere) await store.requireUnused();
      const size = isThere ? await store.size() : undefined;
      const what = resetText(place, size, checkpoints, doomed.length > 0);
      if (!(await isConfirmed(what, options, io))) return EXIT_CODE.done;
      for (const { id } of doomed) await store.delete(id);
      if (isThere) await store.reset();
      io.stdout.write(`the state in ${place.path} is empty: the next run begins anew\n`);
      return EXIT_CODE.done;
    },
  };
}

/** There is no state at a place. */
export function nothingAt({ path }: StatePlace): ProcessorError {
  const message = `there is no state in ${path}; a run with state.backend: rocksdb makes one, --state-path names another`;
  return new ProcessorError('state', 'STATE_FAILED', message);
}

function resetText(
  { path, checkpointPath }: StatePlace,
  size: FolderSize | undefined,
  checkpoints: readonly CheckpointInfo[],
  withCheckpoints: boolean,
): string {
  const lines: string[] = [];
  if (size !== undefined) {
    lines.push(`This deletes the state in ${path}: ${formatBytes(size.bytes)} in ${formatCount(size.files)} files.`);
  }
  const bytes = checkpoints.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const all = checkpoints.length === 1 ? 'the checkpoint' : `the ${formatCount(checkpoints.length)} checkpoints`;
  if (withCheckpoints) lines.push(`This deletes ${all} in ${checkpointPath}: ${formatBytes(bytes)}.`);
  else if (checkpoints.length > 0) lines.push(`It keeps ${all} in ${checkpointPath}; see --checkpoints.`);
  return [...lines, 'The next run begins anew, and reads its input again from the start.'].join('\n');
}
