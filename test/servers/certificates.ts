import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const pathOf = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

/** A certificate for the name `localhost` and nothing else, its key, and the authority that has signed it: their paths. */
export const CERTIFICATE_PATHS = {
  ca: pathOf('ca.pem'),
  cert: pathOf('localhost.pem'),
  key: pathOf('localhost.key'),
} as const;

/** What is in them. */
export const CERTIFICATES = {
  ca: readFileSync(CERTIFICATE_PATHS.ca, 'utf8'),
  cert: readFileSync(CERTIFICATE_PATHS.cert, 'utf8'),
  key: readFileSync(CERTIFICATE_PATHS.key, 'utf8'),
} as const;
