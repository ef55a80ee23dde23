import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packList, unpackList } from './pack.ts';

describe('a packed list', () => {
  it('comes back as it was, absent and empty strings told apart', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined })), (list) => {
        const buffer = packList(list);
        expect(unpackList(buffer)).toEqual(list);
      }),
    );
  });

  it('comes back as it was from a buffer that held another, used where it is large enough', () => {
    const strings = fc.array(fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }));
    fc.assert(
      fc.property(strings, strings, (before, list) => {
        const spare = packList(before);
        const needed = packList(list).byteLength;
        const buffer = packList(list, spare);
        expect(unpackList(buffer)).toEqual(list);
        expect(buffer === spare).toBe(needed <= spare.byteLength);
      }),
    );
  });

  it('gives strings that can be changed without changing one another', () => {
    const [first, second] = unpackList(packList([Uint8Array.of(0, 0), Uint8Array.of(1, 1)]));
    first?.fill(9);
    expect([...(second ?? [])]).toEqual([1, 1]);
  });

  it('takes parts of larger arrays', () => {
    const whole = Uint8Array.of(1, 2, 3, 4);
    expect(unpackList(packList([whole.subarray(1, 3)]))).toEqual([Uint8Array.of(2, 3)]);
  });
});
