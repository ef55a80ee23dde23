import type { StatusSnapshot } from '../runtime/status.ts';
import type { EventSource } from '../sources/event-source.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { ProcessorConfig } from '../config/schema/processor.ts';
import { ProcessorError } from '../errors/processor-error.ts';

/** What an HTTP server serves, and where. */
export interface HttpServiceOptions {
  readonly status: () => StatusSnapshot;
  readonly metrics: ProcessorMetrics;
  /** The source of the pipeline; the server feeds it where it is one that takes events over HTTP. */
  readonly source: EventSource;
  readonly logger: Logger;
  readonly host: string;
  readonly port: number;
}

/** A server that can be started and stopped. */
export interface HttpService {
  /** Resolves with the address once it is listening: `http://127.0.0.1:8080`. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** Makes a server; nothing is listening yet. */
export type CreateHttpService = (options: HttpServiceOptions) => HttpService;

/** A server that listens. */
export interface RunningHttpService {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts the server of a run. A demonstration takes any free port where its own is taken.
 * @throws ProcessorError CONFIG_INVALID where the address cannot be had.
 */
export async function startHttpService(
  create: CreateHttpService,
  options: Omit<HttpServiceOptions, 'host' | 'port'>,
  { host, port }: ProcessorConfig['http'],
  anyPort: boolean,
): Promise<RunningHttpService> {
  const service = create({ ...options, host, port });
  try {
    const url = await service.listen();
    return { url, close: () => service.close() };
  } catch (error) {
    if (anyPort && codeOf(error) === 'EADDRINUSE') {
      return startHttpService(create, options, { enabled: true, host, port: 0 }, false);
    }
    throw new ProcessorError('configuration', 'CONFIG_INVALID', reasonOf(error, host, port), {
      cause: error,
      path: 'processor.http',
    });
  }
}

/** The code of a system error, wherever in the chain of causes it stands. */
function codeOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string' && at.code.startsWith('E')) return at.code;
  }
  return undefined;
}

function reasonOf(error: unknown, host: string, port: number): string {
  const address = `${host}:${String(port)}`;
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `processor.http.port: ${address} is in use by another program; choose another port, or set http.enabled: false`;
    case 'EACCES':
      return `processor.http.port: this user may not listen on ${address}; choose a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `processor.http.host: ${host} is no address of this machine; use 127.0.0.1, or 0.0.0.0 for all`;
    default:
      return `the HTTP server cannot listen on ${address}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
