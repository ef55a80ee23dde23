import type { ProcessorConfig } from '../config/schema/processor.ts';
import { createServer, type HttpServer } from '../http/server.ts';
import { RunMonitor } from '../monitor/run-monitor.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { HttpSource } from '../sources/http/http-source.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { comesOf } from './failure.ts';

/** What the server of a run has at hand. */
export interface HttpServiceParts {
  readonly pipeline: Pipeline;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A server that listens. */
export interface HttpService {
  /** Where a browser on this machine finds it: `http://127.0.0.1:8080`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts the server of a run that has not begun. With `anyPort` it takes a free port where the configured one is in use.
 * @throws ProcessorError CONFIG_INVALID where the address cannot be had, or must not be without a token.
 */
export async function startHttpService(
  { pipeline, logger, clock }: HttpServiceParts,
  http: ProcessorConfig['http'],
  anyPort: boolean,
): Promise<HttpService> {
  const { metrics, plan } = pipeline;
  const intake = plan.source instanceof HttpSource ? { intake: plan.source } : {};
  // Without a folder there is nothing that a checkpoint could go on from.
  const hasState = plan.state.directory !== undefined;
  const checkpoint = hasState ? { checkpoint: (id?: string) => pipeline.checkpoint(id) } : {};
  const { host, port, token, allowed_hosts: allowedHosts } = http;
  const history = { historyBytes: http.history_mb * 1_048_576, historyKeys: http.history_keys };
  const monitor = new RunMonitor(pipeline, { ...history, clock });
  const status = () => pipeline.status();
  const access = { host, allowedHosts, ...(token === undefined ? {} : { token }) };
  const shared = { status, metrics, monitor, logger, clock, ...access, ...intake, ...checkpoint };
  const serve = (onPort: number): HttpServer => createServer({ ...shared, port: onPort });
  const server = serve(port);
  try {
    return serviceOf(server, await server.listen());
  } catch (error) {
    if (!anyPort || !comesOf(error, 'EADDRINUSE')) throw error;
    const other = serve(0);
    return serviceOf(other, await other.listen());
  }
}

function serviceOf(server: HttpServer, { host, port }: { readonly host: string; readonly port: number }): HttpService {
  return { url: `http://${browsable(host)}:${String(port)}`, close: () => server.close() };
}

/** An address that listens on all of them is none that a browser can go to. */
export function browsable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
