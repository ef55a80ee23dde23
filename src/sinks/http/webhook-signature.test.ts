import { describe, expect, it } from 'vitest';
import { keyOfSecret, signatureOf } from './webhook-signature.ts';

describe('a signature', () => {
  it('is that of the specification of Standard Webhooks', () => {
    // The example of the specification.
    const keys = [keyOfSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')];
    const signature = signatureOf(keys, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}');
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('is one for each key, while one takes the place of another', () => {
    const [first, second] = ['first-secret-of-all', 'second-secret-of-all'].map(keyOfSecret);
    const of = (keys: readonly (Buffer | undefined)[]) => signatureOf(keys as Buffer[], 'id', 1, 'body');
    expect(of([first, second])).toBe(`${of([first])} ${of([second])}`);
  });
});

describe('a secret', () => {
  it('is the bytes of its text, or what its base64 stands for', () => {
    expect(keyOfSecret('sixteen bytes it').toString()).toBe('sixteen bytes it');
    expect(keyOfSecret(`whsec_${Buffer.alloc(16, 7).toString('base64')}`)).toEqual(Buffer.alloc(16, 7));
  });

  it.each([
    ['canary', /has 6 bytes, and at least 16 are needed/],
    ['', /has 0 bytes/],
    ['whsec_canary!', /something else than base64/],
    ['whsec_', /something else than base64/],
    ['whsec_canary', /has 4 bytes/],
  ])('cannot be %s', (secret, message) => {
    let said = '';
    try {
      keyOfSecret(secret);
    } catch (error) {
      said = String(error);
    }
    expect(said).toMatch(message);
    expect(said).not.toContain('canary');
  });
});
