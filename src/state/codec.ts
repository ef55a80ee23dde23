/** Turns values into bytes and back: how {@link WindowStateManager} stores an accumulator. */
export interface Codec<A> {
  encode(value: A): Uint8Array;
  /** @throws ProcessorError STATE_CORRUPT or ACCUMULATOR_CORRUPT for bytes that `encode` did not make. */
  decode(bytes: Uint8Array): A;
}
