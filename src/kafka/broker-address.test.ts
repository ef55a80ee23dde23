import { describe, expect, it } from 'vitest';
import { addressText, parseBrokerAddresses } from './broker-address.ts';

describe('bootstrap servers', () => {
  it.each([
    ['a:9092', ['a:9092']],
    [' a:1 , b.example:65535', ['a:1', 'b.example:65535']],
    ['a:1,a:1', ['a:1']],
    ['[::1]:9092,127.0.0.1:9093', ['[::1]:9092', '127.0.0.1:9093']],
  ])('"%s"', (list, addresses) => {
    expect(parseBrokerAddresses(list).map(addressText)).toEqual(addresses);
  });

  it.each(['', 'a', 'a:', ':9092', 'a:0', 'a:65536', 'a:1,', 'PLAINTEXT://a:1', 'a b:1', '::1:9092'])(
    'refuse "%s"',
    (list) => {
      expect(() => parseBrokerAddresses(list)).toThrow('expected host:port, several joined by commas');
    },
  );
});
