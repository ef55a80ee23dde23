import type { KeyDictionary } from '../event/key-dictionary.ts';
import type { RecordBlock } from '../event/record-block.ts';
import type { Instant } from '../time/instant.ts';
import type { BatchDecoder, DecodeCounters, Decoded, Rejection } from './batch-decoder.ts';
import { ColumnarDecoder } from './columnar-decoder.ts';
import { Columns } from './columns.ts';
import type { DecodePlan } from './decode-plan.ts';
import type { Fault } from './field-faults.ts';
import { ObjectDecoder } from './object-decoder.ts';
import { isColumnar, PlanFields } from './plan-fields.ts';

const EMPTY_BLOCK: RecordBlock = {
  kind: 'objects',
  count: 0,
  offsets: new Float64Array(0),
  nextOffset: 0,
  receivedAt: 0,
  objects: [],
};

/**
 * The decoder of a plan. Blocks of bytes go straight into columns where no part of the plan needs an event as an
 * object; every other block becomes objects first. Both accept and refuse the same records with the same messages.
 */
export function createBatchDecoder(plan: DecodePlan, keys: KeyDictionary): BatchDecoder {
  return new PlanDecoder(plan, keys);
}

class PlanDecoder implements BatchDecoder {
  readonly counters: DecodeCounters = {
    records: 0,
    decoded: 0,
    rejected: 0,
    filtered: 0,
    missingValues: 0,
    inexactIntegers: 0,
  };
  readonly #columns: Columns;
  /** Null where the plan needs objects. */
  readonly #columnar: ColumnarDecoder | null;
  readonly #objects: ObjectDecoder;

  constructor(plan: DecodePlan, keys: KeyDictionary) {
    const fields = new PlanFields(plan);
    this.#columns = new Columns(plan.metrics.length, EMPTY_BLOCK);
    this.#columnar = isColumnar(plan) ? new ColumnarDecoder(plan, keys, fields, this.counters) : null;
    this.#objects = new ObjectDecoder(plan, keys, fields, this.#columns, this.counters);
  }

  decode(block: RecordBlock, now: Instant): Decoded {
    const batch = this.#columns.begin(block);
    const rejections: Rejection[] = [];
    const note = (record: number, fault: Fault | null): void => {
      if (fault !== null) rejections.push({ record, ...fault });
    };
    if (block.kind === 'bytes' && this.#columnar !== null) {
      this.#columnar.begin(block, now);
      for (let record = 0; record < block.count; record += 1) {
        note(record, this.#columnar.decode(block, record, batch, now));
      }
    } else {
      this.#objects.begin(block);
      for (let record = 0; record < block.count; record += 1) {
        note(record, this.#objects.decode(block, record, batch, now));
      }
    }
    this.counters.records += block.count;
    this.counters.rejected += rejections.length;
    this.counters.decoded += block.count - rejections.length;
    return { batch, rejections };
  }
}
