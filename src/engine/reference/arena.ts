const ARENA_BYTES = 262_144;

let arena = new Uint8Array(0);
let used = 0;

/**
 * Room for a few bytes of a delta, which live until it is stored: very many small arrays in few large ones. Each with
 * memory of its own would cost more than all that is written into it.
 */
export function allocate(sizeBytes: number): Uint8Array {
  if (sizeBytes > ARENA_BYTES / 8) return new Uint8Array(sizeBytes);
  if (used + sizeBytes > arena.length) {
    arena = new Uint8Array(ARENA_BYTES);
    used = 0;
  }
  const bytes = arena.subarray(used, used + sizeBytes);
  used += sizeBytes;
  return bytes;
}
