/** Bytes that are not what they should be: a batch, its compression or a record in it. Internal; the source explains it. */
export class CorruptRecordsError extends Error {
  override readonly name = 'CorruptRecordsError';
}
