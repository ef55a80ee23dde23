/** A part of the engine's state that has an entry of its own in the state backend. */
export abstract class StoredItem {
  /** Changed since the last delta. */
  changed = false;
  /** No longer part of the engine. */
  removed = false;
  /** The key that its entry is stored under, if it is stored. */
  storedKey: Uint8Array | null = null;
}
