import type { LoadedConfig } from '../config/config.ts';
import { deadLetterPlaceOf } from '../config/kafka-of-config.ts';
import { planOfConfig } from '../config/plan-of-config.ts';
import type { ProcessorConfig } from '../config/schema/processor.ts';
import { Pipeline, type RunSummary } from '../pipeline/pipeline.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import { bannerText } from './banner.ts';
import type { CliIo, OutputStream, StopSignal } from './cli-io.ts';
import { EXIT_CODE } from './exit-code.ts';
import { comesOf } from './failure.ts';
import { startHttpService, type HttpService, type HttpServiceParts } from './http-service.ts';
import { allocatorVariables, heapOptions } from './heap-bound.ts';
import { listenForSignals } from './interruption.ts';
import { drawProgress } from './progress-bar.ts';
import { logMetrics } from './metrics-log.ts';
import { createRunLogger } from './run-logger.ts';
import { summaryText } from './run-summary.ts';
import { OutputBesideLine, StatusLine } from './status-line.ts';

/** How a configuration is run. */
export interface RunSettings {
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
  const heap = heapOptions(config, io.nodeOptions, io.environment['NODE_OPTIONS']);
  if (heap.length > 0) io.restart?.(heap, allocatorVariables(io.environment));
  const isBounded = config.source.type === 'file' && !config.source.follow;
  const line = io.stderr.isTTY === true && isBounded ? new StatusLine(io.stderr) : undefined;
  const stdout = line !== undefined && io.stdout.isTTY === true ? new OutputBesideLine(io.stdout, line) : io.stdout;
  const stop = new AbortController();
  const ended = new AbortController();
  const reader = closedReader(io);
  const logger = createRunLogger(config.logging, io.stderr, { line, isMuted: reader.hasGone });
  const metrics = metricsOf(io);
  const plan = planOfConfig(loaded, { stdin: io.stdin, stdout, metrics });
  const pipeline = new Pipeline(plan, { clock: io.clock, logger, metrics });
  const interrupted = listenForSignals(io, (signal) => {
    sayStopping(signal, line, io.stderr);
    stop.abort();
  });
  const background: Promise<void>[] = [];
  let server: HttpService | undefined;
  let isAtOnce = false;
  try {
    if (config.http.enabled) {
      server = await serve({ pipeline, logger, clock: io.clock }, config, settings);
    }
    announce(config, plan, server?.url, io, logger);
    if (line !== undefined) background.push(drawProgress(() => pipeline.status(), line, io.clock, ended.signal));
    if (config.metrics.enabled) background.push(logMetrics(pipeline, config.metrics, logger, io.clock, ended.signal));
    const running = pipeline.run({ signal: stop.signal });
    const outcome = await Promise.race([running, interrupted.atOnce, reader.gone]);
    ended.abort();
    await Promise.all(background);
    if (outcome === 'gone') return EXIT_CODE.done;
    if (typeof outcome === 'string') {
      isAtOnce = true;
      return EXIT_CODE.interrupted[outcome];
    }
    conclude(outcome, deadLettersOf(config), io, logger);
    return EXIT_CODE.done;
  } finally {
    ended.abort();
    reader.forget();
    await Promise.all(background);
    // Closing waits for requests under way; the signal may still be arriving by another way.
    if (!isAtOnce) await Promise.race([server?.close(), interrupted.atOnce]);
    interrupted.forget();
  }
}

/** Starts the server. Where its port is taken, a state that is taken too is the better word: by whom, it says. */
async function serve(parts: HttpServiceParts, { http }: ProcessorConfig, settings: RunSettings): Promise<HttpService> {
  try {
    return await startHttpService(parts, http, settings.anyPort);
  } catch (error) {
    const { state } = parts.pipeline.plan;
    if (state.directory === undefined || !comesOf(error, 'EADDRINUSE')) throw error;
    await state.open();
    await state.close();
    throw error;
  }
}

function metricsOf(io: CliIo): ProcessorMetrics {
  return new ProcessorMetrics({
    now: () => io.clock.now(),
    build: { version: io.version, node: io.nodeVersion },
    processMetrics: true,
  });
}

/** Notices when nobody reads the output any more (`processor … | head`): then there is nothing left to do, or to say. */
function closedReader(io: CliIo): {
  readonly gone: Promise<'gone'>;
  readonly hasGone: () => boolean;
  readonly forget: () => void;
} {
  let hasGone = false;
  let forget = (): void => undefined;
  const gone = new Promise<'gone'>((resolve) => {
    const notice = (error: Error): void => {
      if (!comesOf(error, 'EPIPE')) return;
      hasGone = true;
      resolve('gone');
    };
    io.stdout.on('error', notice);
    forget = () => void io.stdout.off('error', notice);
  });
  return { gone, hasGone: () => hasGone, forget: () => forget() };
}

function sayStopping(signal: StopSignal, line: StatusLine | undefined, stderr: OutputStream): void {
  line?.clear();
  const again = signal === 'SIGINT' ? 'press Ctrl-C again' : 'send it again';
  stderr.write(`\nStopping: finishing what is under way; ${again} to end at once.\n`);
}

function announce(
  config: ProcessorConfig,
  plan: PipelinePlan,
  url: string | undefined,
  io: CliIo,
  logger: Logger,
): void {
  if (io.stderr.isTTY === true) {
    const color = io.environment['NO_COLOR'] === undefined;
    io.stderr.write(bannerText(config, { version: io.version, plan, url, color }));
  } else {
    const links = url === undefined ? {} : { url, dashboard: `${url}/` };
    logger.info({ pipeline: config.name, version: io.version, ...links }, 'pipeline started');
  }
}

function deadLettersOf(config: ProcessorConfig): string {
  const place = deadLetterPlaceOf(config);
  return 'topic' in place ? `the topic ${place.topic}` : place.path;
}

function conclude(summary: RunSummary, deadLetters: string, io: CliIo, logger: Logger): void {
  const { rejected, missingValues, decoded, droppedLate, unassigned, skipped } = summary.counters;
  // Some events may well be without a value; where none has it, its path is wrong.
  const isValueless = missingValues > 0 && missingValues >= decoded;
  if (io.stderr.isTTY === true) io.stderr.write(`${summaryText(summary, deadLetters)}\n`);
  else if (isValueless || rejected + droppedLate + unassigned + skipped > 0) {
    logger.warn({ ...summary }, summaryText(summary, deadLetters).replaceAll(/\n */g, '; '));
  } else logger.info({ ...summary }, summary.outcome === 'finished' ? 'pipeline finished' : 'pipeline stopped');
}
