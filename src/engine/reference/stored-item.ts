/** A part of the engine's state that has an entry of its own in the state backend. */
export abstract class StoredItem {
  /** Changed since the last delta. */
  changed = false;
  /** Its place among what has changed, while it has. */
  changeIndex = 0;
  /** No longer part of the engine. */
  removed = false;
  /** Has an entry, as of the last delta. */
  stored = false;
  /** Used since the hand that looks for what can be spilled last came by. */
  touched = true;
  /** Bytes held in memory, estimated when it was last written or read; what the ledger counts it for. */
  residentBytes = 0;
}
