import { describeBatchDecoder } from './batch-decoder.contract.ts';
import { createBatchDecoder } from './create-batch-decoder.ts';

describeBatchDecoder('columns from bytes', createBatchDecoder);

describeBatchDecoder('through objects', (plan, keys) =>
  createBatchDecoder({ ...plan, transforms: [{ type: 'filter', apply: () => true }] }, keys),
);

describeBatchDecoder('through objects that were copied', (plan, keys) =>
  createBatchDecoder(
    { ...plan, transforms: [{ type: 'map', apply: (event: object) => structuredCloneOf(event) }] },
    keys,
  ),
);

/** A copy that keeps a field named `__proto__`, which structuredClone would drop from a plain object. */
function structuredCloneOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(structuredCloneOf);
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [name, field] of Object.entries(value)) copy[name] = structuredCloneOf(field);
  return copy;
}
