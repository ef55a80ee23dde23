import { messageOf } from '../errors/message-of.ts';
import type { CliIo } from './cli-io.ts';
import { EXIT_CODE } from './exit-code.ts';
import { addressOf } from './processor-address.ts';

/** Options of `processor health`. */
export interface HealthOptions {
  readonly config?: string;
  readonly url?: string;
  readonly json?: boolean;
}

/** How long an answer may take, in ms. */
const ANSWER_MS = 5000;

interface Health {
  readonly status: string;
  readonly pipeline: string;
  readonly components: Readonly<Record<string, { readonly status: string; readonly message: string | null }>>;
}

/**
 * Asks a running processor how it is, as a container or an init system does: 0 while it runs, degraded or not; 1 where
 * it has failed, is not up yet, or does not answer.
 */
export async function healthCommand(
  options: HealthOptions,
  io: Pick<CliIo, 'stdout' | 'stderr' | 'environment'>,
): Promise<number> {
  const url = `${(await addressOf(options, io.environment)).url}/health`;
  let response: Response;
  try {
    response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) });
  } catch (error) {
    const reason = messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
    io.stderr.write(`processor: nothing answers at ${url} (${reason})\n`);
    return EXIT_CODE.failed;
  }
  const health = await healthOf(response);
  if (health === undefined) {
    io.stderr.write(`processor: what answers at ${url} is no processor (status ${String(response.status)})\n`);
    return EXIT_CODE.failed;
  }
  io.stdout.write(options.json === true ? `${JSON.stringify(health)}\n` : healthText(health));
  return response.ok ? EXIT_CODE.done : EXIT_CODE.failed;
}

async function healthOf(response: Response): Promise<Health | undefined> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null && 'status' in body && 'components' in body
      ? (body as Health) // As the page of `src/http/health.ts` is made.
      : undefined;
  } catch {
    return undefined;
  }
}

function healthText({ status, pipeline, components }: Health): string {
  const faults = Object.entries(components)
    .filter(([, component]) => component.status !== 'ok')
    .map(([name, component]) => `  ${name}: ${component.message ?? component.status}\n`);
  return `${pipeline}: ${status}\n${faults.join('')}`;
}
