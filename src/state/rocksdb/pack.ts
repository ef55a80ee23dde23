/**
 * Lists of byte strings in one buffer, to cross threads as one: a count, then for each string its length plus 1 or 0
 * where it is absent, all as 32-bit numbers in the machine's order, then the bytes one after another.
 */

/** Copies byte strings, null counting as absent, into `spare` where they fit, else into a buffer of their own. */
export function packList(list: readonly (Uint8Array | null | undefined)[], spare?: ArrayBuffer): ArrayBuffer {
  const count = list.length;
  let sizeBytes = 4 * (count + 1);
  for (let i = 0; i < count; i++) sizeBytes += list[i]?.length ?? 0;
  const buffer = spare !== undefined && sizeBytes <= spare.byteLength ? spare : new ArrayBuffer(sizeBytes);
  const header = new Uint32Array(buffer, 0, count + 1);
  const bytes = new Uint8Array(buffer);
  header[0] = count;
  let offset = 4 * (count + 1);
  for (let i = 0; i < count; i++) {
    const value = list[i];
    header[i + 1] = value === undefined || value === null ? 0 : value.length + 1;
    if (value === undefined || value === null) continue;
    bytes.set(value, offset);
    offset += value.length;
  }
  return buffer;
}

/** What {@link packList} packed. The strings lie in `buffer` itself, none over another. */
export function unpackList(buffer: ArrayBuffer): (Uint8Array | undefined)[] {
  const count = new Uint32Array(buffer, 0, 1)[0] ?? 0;
  const header = new Uint32Array(buffer, 4, count);
  const list: (Uint8Array | undefined)[] = [];
  let offset = 4 * (count + 1);
  for (const stored of header) {
    if (stored === 0) {
      list.push(undefined);
      continue;
    }
    list.push(new Uint8Array(buffer, offset, stored - 1));
    offset += stored - 1;
  }
  return list;
}
