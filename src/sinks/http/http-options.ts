import type { Duration } from '../../time/duration.ts';
import type { TlsFiles } from '../tls-files.ts';

/** How an {@link HttpSink} posts. */
export interface HttpSinkOptions {
  /** `json`: one object, with the results in a list; `ndjson`: one result a line. Default `json`. */
  readonly format?: 'json' | 'ndjson';
  readonly headers?: Readonly<Record<string, string>> | ReadonlyMap<string, string>;
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string;
  /**
   * Signs each request, as Standard Webhooks has it: `whsec_` and at least 16 bytes in base64, or any text of as many bytes. Of
   * several, while one takes the place of another, each signs.
   */
  readonly secret?: string | readonly string[];
  /** For `https`. */
  readonly tls?: TlsFiles;
  /** A body is not begun with more than this many bytes of results; one result alone may be longer. Default 1,048,576. */
  readonly maxBodyBytes?: number;
  /** How long an answer may take. Default 10 s. */
  readonly requestTimeout?: Duration;
}
