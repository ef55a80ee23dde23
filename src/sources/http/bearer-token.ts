import { createHash, timingSafeEqual } from 'node:crypto';

/** A token that requests carry in their `Authorization` header. Only its hash is kept, so that it is printed nowhere. */
export class BearerToken {
  readonly #hash: Buffer;

  constructor(token: string) {
    this.#hash = hashOf(token);
  }

  /** True if the header carries the token. Takes the same time for every wrong one. */
  isIn(header: string | undefined): boolean {
    const token = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? '';
    return timingSafeEqual(hashOf(token), this.#hash);
  }
}

/** Hashed, so that tokens of any length can be compared in the same time. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
