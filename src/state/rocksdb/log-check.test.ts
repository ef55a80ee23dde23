import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';
import { checkLog } from './log-check.ts';
import { usePlaces } from './scratch.contract.ts';

/** Writes batches of values of some sizes, and gives the log that holds them. */
async function logOf(open: ReturnType<typeof usePlaces>, sizes: readonly number[]): Promise<Buffer> {
  const place = open();
  const backend = await place.open();
  for (const [i, size] of sizes.entries()) await backend.put(Uint8Array.of(i), new Uint8Array(size).fill(i + 1));
  await backend.close();
  const db = join(place.path, 'db');
  const name = readdirSync(db).find((each) => each.endsWith('.log')) ?? '';
  return readFileSync(join(db, name));
}

describe('CRC-32C', () => {
  it.each([
    ['', 0],
    ['123456789', 0xe3_06_92_83],
    ['a', 0xc1_d0_43_30],
  ])('of %j is that of the standard', (text, sum) => {
    expect(crc32c(Buffer.from(text))).toBe(sum);
  });

  it('of a part is that of its bytes', () => {
    expect(crc32c(Buffer.from('xx123456789y'), 2, 11)).toBe(0xe3_06_92_83);
  });
});

describe('the check of a log', () => {
  const places = usePlaces();

  it('finds a log of RocksDB sound, and the sequence numbers in it', async () => {
    const check = checkLog(await logOf(places, [10, 100_000, 32_700, 5]));
    expect(check).toEqual({ is: 'sound', first: 1n, next: 5n });
  });

  it('takes a log that ends anywhere for one that was cut off, or that ends there', async () => {
    const log = await logOf(places, [10, 20, 30, 40]);
    const whole: number[] = [];
    for (let length = 0; length <= log.length; length++) {
      const { is } = checkLog(log.subarray(0, length));
      expect(is).not.toBe('damaged');
      if (is === 'sound') whole.push(length);
    }
    expect(whole).toHaveLength(5);
  });

  it('takes every changed byte before the last record for damage, and never finds one sound', async () => {
    const log = await logOf(places, [10, 20, 30, 40]);
    const lengths = Array.from(log.keys()).filter((length) => checkLog(log.subarray(0, length)).is === 'sound');
    const lastStart = lengths.at(-1) ?? 0;
    for (let i = 0; i < log.length; i++) {
      const altered = Buffer.from(log);
      altered[i] = (altered[i] ?? 0) ^ 0x10;
      expect(checkLog(altered).is, `byte ${i}`).toBe(i < lastStart ? 'damaged' : 'torn');
    }
  });

  it('tells the rest of a write over many blocks that was cut off from one that another followed', async () => {
    const sizes = [10, 200_000];
    const torn = await logOf(places, sizes);
    torn.fill(0, 40_000, 50_000);
    expect(checkLog(torn).is).toBe('torn');
    const damaged = await logOf(places, [...sizes, 10]);
    damaged.fill(0, 40_000, 50_000);
    expect(checkLog(damaged).is).toBe('damaged');
  });
});
