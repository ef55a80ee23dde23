import type { ProcessorConfig } from '../config/schema/processor.ts';
import { millisOfSecs } from '../config/schema/setting.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { formatInstant } from '../time/instant.ts';

/** Logs the main numbers of a run every so often, until `signal` aborts. */
export async function logMetrics(
  pipeline: Pipeline,
  { export_interval_secs: interval }: ProcessorConfig['metrics'],
  logger: Logger,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let lastRead = 0;
  let lastAt = clock.monotonic();
  while (!signal.aborted) {
    await clock.sleep(millisOfSecs(interval), signal);
    if (signal.aborted) return;
    const { counters, watermark, activeWindows, stateBytes, health } = pipeline.status();
    const now = clock.monotonic();
    const eventsPerSec = Math.round(((counters.read - lastRead) * 1000) / Math.max(1, now - lastAt));
    logger.info(
      { health, eventsPerSec, ...counters, watermark: formatInstant(watermark), activeWindows, stateBytes },
      'metrics',
    );
    lastRead = counters.read;
    lastAt = now;
  }
}
