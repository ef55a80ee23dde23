import type { LoadedConfig } from '../config/config.ts';
import { planOfConfig } from '../config/plan-of-config.ts';
import { Pipeline, type RunSummary } from '../pipeline/pipeline.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import { bannerText } from './banner.ts';
import type { CliIo, StopSignal } from './cli-io.ts';
import { EXIT_CODE } from './exit-code.ts';
import { isBrokenPipe } from './failure.ts';
import { startHttpService, type CreateHttpService, type RunningHttpService } from './http-service.ts';
import { drawProgress } from './progress-bar.ts';
import { logMetrics } from './metrics-log.ts';
import { createRunLogger } from './run-logger.ts';
import { summaryText } from './run-summary.ts';
import { OutputBesideLine, StatusLine } from './status-line.ts';

/** How a configuration is run. */
export interface RunSettings {
  /** Undefined where the program has no HTTP server. */
  readonly createHttpService: CreateHttpService | undefined;
  /** Takes another HTTP port where the configured one is in use. */
  readonly anyPort: boolean;
}

/**
 * Runs a configuration to its end, or until a signal, and returns the exit code. A first signal finishes what is under
 * way; a second one ends at once, with the code that shells have for it.
 * @throws ProcessorError: what made the run fail.
 */
export async function runConfig(loaded: LoadedConfig, io: CliIo, settings: RunSettings): Promise<number> {
  const { config } = loaded;
  const isBounded = config.source.type === 'file' && !config.source.follow;
  const line = io.stderr.isTTY === true && isBounded ? new StatusLine(io.stderr) : undefined;
  const stdout = line !== undefined && io.stdout.isTTY === true ? new OutputBesideLine(io.stdout, line) : io.stdout;
  const logger = createRunLogger(config.logging, io.stderr, line);
  const plan = planOfConfig(loaded, { stdin: io.stdin, stdout });
  const metrics = new ProcessorMetrics({
    now: () => io.clock.now(),
    build: { version: io.version, node: io.nodeVersion },
    processMetrics: true,
  });
  const pipeline = new Pipeline(plan, { clock: io.clock, logger, metrics });
  const ended = new AbortController();
  const stop = new AbortController();
  const closedPipe = (error: Error): void => {
    if (isBrokenPipe(error)) stop.abort();
  };
  io.stdout.on('error', closedPipe);
  const interrupted = interruption(io, line, stop);
  let server: RunningHttpService | undefined;
  const background: Promise<void>[] = [];
  try {
    server = await serve(loaded, pipeline, logger, settings);
    announce(loaded, plan, server?.url, io, logger);
    if (line !== undefined) background.push(drawProgress(() => pipeline.status(), line, io.clock, ended.signal));
    if (config.metrics.enabled) background.push(logMetrics(pipeline, config.metrics, logger, io.clock, ended.signal));
    const outcome = await Promise.race([pipeline.run({ signal: stop.signal }), interrupted.atOnce]);
    ended.abort();
    if (typeof outcome === 'string') return EXIT_CODE.interrupted[outcome];
    await Promise.all(background);
    conclude(outcome, config.error_handling.dead_letter_path, io, logger);
    return EXIT_CODE.done;
  } catch (error) {
    if (isBrokenPipe(error)) return EXIT_CODE.done;
    throw error;
  } finally {
    ended.abort();
    interrupted.forget();
    io.stdout.off('error', closedPipe);
    await Promise.all(background);
    await server?.close();
  }
}

async function serve(
  loaded: LoadedConfig,
  pipeline: Pipeline,
  logger: Logger,
  { createHttpService, anyPort }: RunSettings,
): Promise<RunningHttpService | undefined> {
  const { config } = loaded;
  if (createHttpService === undefined || !config.http.enabled) return undefined;
  const { metrics, plan } = pipeline;
  const options = { status: () => pipeline.status(), metrics, source: plan.source, logger };
  return startHttpService(createHttpService, options, config.http, anyPort);
}

/** Waits for signals: the first asks the run to stop, the second resolves `atOnce`. */
function interruption(
  io: CliIo,
  line: StatusLine | undefined,
  stop: AbortController,
): { readonly atOnce: Promise<StopSignal>; readonly forget: () => void } {
  let forget = (): void => undefined;
  const atOnce = new Promise<StopSignal>((resolve) => {
    forget = io.onSignal((signal) => {
      if (stop.signal.aborted) {
        resolve(signal);
        return;
      }
      line?.clear();
      const again = signal === 'SIGINT' ? 'press Ctrl-C again' : 'send it again';
      io.stderr.write(`\nStopping: finishing what is under way; ${again} to end at once.\n`);
      stop.abort();
    });
  });
  return { atOnce, forget: () => forget() };
}

function announce(loaded: LoadedConfig, plan: PipelinePlan, url: string | undefined, io: CliIo, logger: Logger): void {
  const { config } = loaded;
  if (io.stderr.isTTY === true) {
    io.stderr.write(
      bannerText(config, { version: io.version, plan, url, color: io.environment['NO_COLOR'] === undefined }),
    );
  } else {
    logger.info({ pipeline: config.name, version: io.version, url }, 'pipeline started');
  }
}

function conclude(summary: RunSummary, deadLetterPath: string, io: CliIo, logger: Logger): void {
  if (io.stderr.isTTY === true) io.stderr.write(`${summaryText(summary, deadLetterPath)}\n`);
  else logger.info({ ...summary }, summary.outcome === 'finished' ? 'pipeline finished' : 'pipeline stopped');
}
