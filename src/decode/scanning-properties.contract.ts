import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFieldPath, valueAt } from '../event/field-path.ts';
import {
  blockOf,
  bytesOf,
  keysAt,
  metricsAt,
  planOf,
  run,
  single,
  type MakeDecoder,
} from './decode-fixtures.contract.ts';

/** What holds for all records, with JSON.parse and Number as the measure. */
export function describeScanningProperties(make: MakeDecoder): void {
  describe('properties', () => {
    const wanted = ['a', 'a.b', 'a[0]', 'a.b[1].c', 'b', '__proto__', 'a.a.a'];
    const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'é', '"', '\u{1f600}', 'constructor');
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom(null, true, false),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.string({ unit: 'binary' }),
        fc.array(tie('value'), { maxLength: 4 }),
        tie('object'),
      ),
      object: fc.array(fc.tuple(names, tie('value')), { maxLength: 6 }).map((entries) => {
        const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
        for (const [field, value] of entries) object[field] = value;
        return object;
      }),
    })).object;

    it('what a path finds is what it finds in the parsed object', () => {
      fc.assert(
        fc.property(
          json,
          json,
          fc.constantFrom(undefined, 1, '\t'),
          fc.constantFrom(...wanted),
          (one, two, space, path) => {
            const objects = [one, one, two, one];
            // One after the other, differently spaced: what is remembered of a record must not mislead the next.
            const texts = objects.map((object, index) => JSON.stringify(object, null, index === 1 ? space : undefined));
            const plan = planOf({ time: 'processing', key: [], metrics: metricsAt(path) });
            const { rows, rejections } = run(make, blockOf(texts), plan);
            const keyed = run(make, blockOf(texts), planOf({ time: 'processing', key: keysAt(path), metrics: [] }));
            for (const [record, text] of texts.entries()) {
              const value = valueAt(JSON.parse(text), parseFieldPath(path));
              const row = rows.find((other) => other.record === record);
              if (typeof value === 'number') expect(row?.values[0]).toBe(value);
              else if (value === null || value === undefined) expect(row?.values[0]).toBeNaN();
              else expect(rejections).toContainEqual(expect.objectContaining({ record, code: 'invalid_value', path }));
              const isKey = typeof value !== 'object' || value === null;
              const code = keyed.rejections.find((other) => other.record === record)?.code;
              expect(code).toBe(isKey ? undefined : 'invalid_key');
            }
          },
        ),
        { numRuns: 300 },
      );
    });

    it('bytes are taken exactly where JSON.parse takes them', () => {
      const strict = new TextDecoder('utf-8', { fatal: true });
      const isTaken = (record: Uint8Array): boolean => {
        try {
          const value: unknown = JSON.parse(strict.decode(record));
          return typeof value === 'object' && value !== null && !Array.isArray(value);
        } catch {
          // Refused.
          return false;
        }
      };
      const edit = fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...bytesOf('{}[]",:\\u0-+.eE \n'))));
      const plan = planOf({ time: 'processing', key: [], metrics: metricsAt('zzz', 'a.b', 'a[0].c') });
      fc.assert(
        fc.property(json, fc.array(edit, { maxLength: 3 }), fc.integer({ min: 0, max: 3 }), (object, edits, mode) => {
          const sound = JSON.stringify(object);
          let record = Uint8Array.from(new TextEncoder().encode(sound));
          for (const [position, byte] of edits) {
            const index = position % record.length;
            if (mode === 0) record = record.filter((_, other) => other !== index);
            else if (mode === 1) record = Uint8Array.of(...record.subarray(0, index), byte, ...record.subarray(index));
            else record[index] = byte;
            if (record.length === 0) break;
          }
          // After the sound record, so that its names are remembered where the edit strikes.
          const { rejections } = run(make, blockOf([sound, record, sound]), plan);
          const refused = rejections.filter(({ code }) => code !== 'invalid_value' && code !== 'not_finite');
          expect(refused.map(({ record: index }) => index)).toEqual(isTaken(record) ? [] : [1]);
        }),
        { numRuns: 1500 },
      );
    });

    it('numbers are read as Number reads them', () => {
      const digits = (maxLength: number) =>
        fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: 1, maxLength });
      const decimal = fc
        .tuple(
          fc.constantFrom('', '-'),
          digits(22),
          fc.option(digits(25)),
          fc.option(fc.integer({ min: -330, max: 320 })),
        )
        .map(([sign, whole, fraction, exponent]) => {
          const mantissa = `${sign}${whole.replace(/^0+(?=\d)/, '')}${fraction === null ? '' : `.${fraction}`}`;
          return exponent === null ? mantissa : `${mantissa}e${String(exponent)}`;
        });
      const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value));
      fc.assert(
        fc.property(fc.oneof(decimal, double), (text) => {
          const value = Number(text);
          const { row, rejection, counters } = single(make, `{"t":0,"v":${text}}`);
          if (!Number.isFinite(value)) {
            expect(rejection?.code).toBe('not_finite');
            return;
          }
          expect(row?.values[0]).toBe(value);
          const isInexact = /^-?\d+$/.test(text) && BigInt(text) !== BigInt(value);
          expect(counters.inexactIntegers).toBe(isInexact ? 1 : 0);
        }),
        { numRuns: 1500 },
      );
    });
  });
}
