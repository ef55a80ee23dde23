import { FieldKind, type FieldSlots } from './field-slots.ts';

/**
 * A key field's text: text as it is, a number as `String` writes it, `true` or `false`, null where there is nothing;
 * undefined for what no key can be made of: objects, arrays and numbers beyond the range of a double.
 */
export function keyTextOf(value: unknown): string | null | undefined {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

/** The same for a field that stands in a slot. */
export function keyTextOfSlot(slots: FieldSlots, slot: number, bytes: Uint8Array): string | null | undefined {
  const kind = slots.kindOf(slot);
  // Not looked into: they may be a megabyte, and no key comes of them.
  if (kind === FieldKind.OBJECT || kind === FieldKind.ARRAY) return undefined;
  return keyTextOf(slots.valueOf(slot, bytes));
}
