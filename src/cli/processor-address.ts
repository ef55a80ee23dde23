import { loadConfig } from '../config/config.ts';
import type { CliIo } from './cli-io.ts';
import { UsageError } from './exit-code.ts';
import { browsable } from './http-service.ts';

/** Where a running processor listens, without a slash at its end, and the token that it asks for. */
export interface ProcessorAddress {
  readonly url: string;
  readonly token: string | undefined;
}

const USUAL_URL = 'http://127.0.0.1:8080';

/**
 * The address of the processor that a command is to ask: what was typed, else what its configuration says, else the usual.
 * @throws UsageError where what was typed is no URL.
 */
export async function addressOf(
  { config, url }: { readonly config?: string; readonly url?: string },
  environment: CliIo['environment'],
): Promise<ProcessorAddress> {
  const typed = url === undefined ? undefined : checked(url);
  if (config === undefined) return { url: typed ?? USUAL_URL, token: environment['PROCESSOR_HTTP__TOKEN'] };
  const { http } = (await loadConfig(config, { environment })).config;
  return { url: typed ?? `http://${browsable(http.host)}:${String(http.port)}`, token: http.token };
}

function checked(url: string): string {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new UsageError(`--url: "${url}" is not a URL; write where the processor listens, such as ${USUAL_URL}`);
  }
  return url.replace(/\/+$/, '');
}
