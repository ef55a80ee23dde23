import type { Duration } from '../../time/duration.ts';
import type { TlsFiles } from '../tls-files.ts';

/** How a {@link WebSocketSink} talks to its peer. */
export interface WebSocketSinkOptions {
  /**
   * `batch`: a message holds the results of a delivery, or as many as fit, with a number; `result`: each message is one result
   * and nothing else. Default `batch`.
   */
  readonly messages?: 'batch' | 'result';
  /**
   * A delivery is done when the peer's program has said so, by number, and not already when its WebSocket has received it. Needs
   * messages of type `batch`. Default false.
   */
  readonly acknowledgements?: boolean;
  /** Sent with the opening handshake. */
  readonly headers?: Readonly<Record<string, string>> | ReadonlyMap<string, string>;
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string;
  /** For `wss`. */
  readonly tls?: TlsFiles;
  /** A message is not begun with more than this many bytes of results; one result alone may be longer. Default 65,536. */
  readonly maxMessageBytes?: number;
  /** How long a connection may take to be made. Default 10 s. */
  readonly connectTimeout?: Duration;
  /** How often a connection that lies idle is tried; one that does not answer until the next time is given up. Default 30 s. */
  readonly pingInterval?: Duration;
  /** Wait after a connection could not be made; doubled with each further time. Default 100 ms. */
  readonly reconnectDelay?: Duration;
  /** The longest wait. Default 2 s. */
  readonly maxReconnectDelay?: Duration;
}
