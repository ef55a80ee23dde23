import { ProcessorError } from '../../errors/processor-error.ts';
import type { DeliveryMark } from '../delivery-transaction.ts';
import type { OffsetCommit } from './transaction-requests.ts';

/** A mark as it is committed: as an offset under the transactional id, which counts the transactions, with this as its text. */
export interface CommittedMark {
  readonly mark: DeliveryMark;
  /** Number of the transaction. */
  readonly serial: number;
  /** The run that has made it; the mark's own is that which has committed the epoch. */
  readonly owner: string;
}

/** The offset that says so. */
export function offsetOfMark(topic: string, pipeline: string, { mark, serial, owner }: CommittedMark): OffsetCommit {
  const metadata = JSON.stringify({ pipeline, epoch: mark.epoch, run: mark.run, owner });
  return { topic, partition: 0, offset: serial, metadata };
}

/**
 * The newest mark among the offsets under a transactional id; null where there is none. Where results go to another topic than
 * before, there are two.
 * @throws ProcessorError CONFIG_INVALID where another pipeline has the transactional id.
 */
export function newestMark(offsets: readonly OffsetCommit[], pipeline: string): CommittedMark | null {
  let newest: CommittedMark | null = null;
  for (const { offset, metadata } of offsets) {
    const found = parseMark(metadata);
    if (found === undefined || (newest !== null && newest.serial >= offset)) continue;
    if (found.pipeline !== pipeline) {
      const message = `the pipeline "${found.pipeline}" delivers under the transactional id that "${pipeline}" would have; give one of the two another name`;
      throw new ProcessorError('configuration', 'CONFIG_INVALID', message, { path: 'name' });
    }
    newest = { mark: { epoch: found.epoch, run: found.run }, serial: offset, owner: found.owner };
  }
  return newest;
}

interface MarkText {
  readonly pipeline: string;
  readonly epoch: number;
  readonly run: string;
  readonly owner: string;
}

/** Undefined for a text of somebody else. */
function parseMark(metadata: string): MarkText | undefined {
  try {
    const { pipeline, epoch, run, owner } = JSON.parse(metadata) as Partial<MarkText>;
    if (pipeline === undefined || epoch === undefined || run === undefined || owner === undefined) return undefined;
    return { pipeline, epoch, run, owner };
  } catch {
    return undefined;
  }
}
