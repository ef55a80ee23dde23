import { createBatchDecoder } from '../decode/create-batch-decoder.ts';
import type { DecodePlan } from '../decode/decode-plan.ts';
import { KeyDictionary } from '../event/key-dictionary.ts';
import type { ByteBlock } from '../event/record-block.ts';
import type { RecordRefusal, SourceContext } from '../sources/event-source.ts';
import type { Clock } from '../time/clock.ts';

/** Keys kept between checks: they save time, and nobody asks for them. */
const MAX_KEYS = 4096;

/**
 * Tells of a record what the pipeline would refuse it for, by decoding it aside. Undefined where the plan has functions
 * of the user's: they are called once for each event, and not for a look ahead.
 */
export function recordCheckOf(plan: DecodePlan, clock: Clock): SourceContext['check'] {
  const { key } = plan;
  if (typeof key === 'function' || plan.transforms.length > 0) return undefined;
  const selectors = [plan.timestamp, ...key.map(({ selector }) => selector), ...plan.metrics.map((m) => m.selector)];
  if (selectors.some(({ type }) => type === 'function')) return undefined;
  const keys = new KeyDictionary();
  const decoder = createBatchDecoder(plan, keys);
  return (record): RecordRefusal | null => {
    if (keys.size > MAX_KEYS) keys.retain(() => false);
    const now = clock.now();
    const [rejection] = decoder.decode(blockOf(record, now), now).rejections;
    return rejection === undefined ? null : { reason: rejection.code, message: rejection.message };
  };
}

function blockOf(record: Uint8Array, receivedAt: number): ByteBlock {
  return {
    kind: 'bytes',
    format: { type: 'json' },
    count: 1,
    offsets: new Float64Array(1),
    nextOffset: 1,
    receivedAt,
    bytes: record,
    starts: Int32Array.of(0),
    ends: Int32Array.of(record.length),
  };
}
