/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78): one table, and three that look a byte further ahead each. */
const TABLES: readonly Uint32Array[] = makeTables();

function makeTables(): Uint32Array[] {
  const tables = Array.from({ length: 4 }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let table = 0; table < 4; table++) {
      for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82_f6_3b_78 : crc >>> 1;
      const row = tables[table];
      if (row !== undefined) row[byte] = crc >>> 0;
    }
  }
  return tables;
}

/** The CRC-32C of a part of `bytes`. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const [one, two, three, four] = TABLES as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const byte = (table: Uint32Array, index: number): number => table[index & 0xff] ?? 0;
  let crc = -1;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    crc ^= (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24);
    crc = byte(four, crc) ^ byte(three, crc >>> 8) ^ byte(two, crc >>> 16) ^ byte(one, crc >>> 24);
  }
  for (; i < end; i++) crc = byte(one, crc ^ (bytes[i] ?? 0)) ^ (crc >>> 8);
  return ~crc >>> 0;
}
