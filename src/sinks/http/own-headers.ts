/** The headers that an HTTP sink sets itself. */
export const OWN_HEADERS: readonly string[] = [
  'content-type',
  'content-length',
  'host',
  'idempotency-key',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
];
