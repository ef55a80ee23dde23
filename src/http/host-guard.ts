import { isIP } from 'node:net';
import { isLoopback, withoutBrackets } from '../config/loopback.ts';

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/**
 * Refuses requests that a foreign web page makes a browser send. A page can have its own name resolve to this machine
 * (DNS rebinding), but it cannot choose the `Host` header, which then has that name; a page of another origin is told by
 * `Origin`.
 */
export class HostGuard {
  readonly #names: ReadonlySet<string>;
  readonly #anyAddress: boolean;

  /** `host`: where the server listens. `allowedHosts`: further names it is reached by, behind a proxy say; no ports. */
  constructor(host: string, allowedHosts: readonly string[]) {
    this.#names = new Set([host, ...allowedHosts].map((name) => withoutBrackets(name).toLowerCase()));
    this.#anyAddress = WILDCARDS.has(withoutBrackets(host));
  }

  /** True where the `Host` header names this server. Addresses name it where it listens on all of them. */
  knowsHost(header: string | undefined): boolean {
    const url = authority(header);
    if (url === null) return false;
    const name = withoutBrackets(url.hostname).replace(/\.$/, '');
    return isLoopback(name) || this.#names.has(name) || (this.#anyAddress && isIP(name) !== 0);
  }

  /** True where the request does not come from a web page, or from one that this server itself has served. */
  knowsOrigin(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined) return true;
    const target = authority(host);
    if (target === null || !/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false;
    const source = new URL(origin);
    return source.hostname === target.hostname && portOf(source) === portOf(target, source.protocol);
  }
}

function authority(header: string | undefined): URL | null {
  if (header === undefined || /[/\\?#@\s]/.test(header)) return null;
  const text = `http://${header}`;
  return URL.canParse(text) ? new URL(text) : null;
}

/** The port, or the usual one; `Host` has no scheme of its own, so it is given one. */
function portOf(url: URL, protocol = url.protocol): string {
  return url.port === '' ? (protocol === 'https:' ? '443' : '80') : url.port;
}
