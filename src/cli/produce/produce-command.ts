import type { Logger } from '../../telemetry/logger.ts';
import type { Clock } from '../../time/clock.ts';
import type { CliIo } from '../cli-io.ts';
import { EXIT_CODE } from '../exit-code.ts';
import { listenForSignals } from '../interruption.ts';
import { formatCount } from '../quantity.ts';
import { createRunLogger } from '../run-logger.ts';
import { StatusLine } from '../status-line.ts';
import { openSupply } from './event-supply.ts';
import type { EventWriter, OpenEventWriter } from './event-writer.ts';
import { KeyFinder } from './key-finder.ts';
import { Pace } from './pace.ts';
import type { ProduceOptions } from './produce-program.ts';
import { produceSettingsOf, type ProduceSettings } from './produce-settings.ts';
import { progressLine, summaryOf, type Sent } from './produce-summary.ts';

/** Events that go to the writer at a time, at most. */
const BATCH_EVENTS = 2000;
const REDRAW_MS = 100;

/** What the command is put together from. */
export interface ProduceParts {
  readonly kafkaExample: () => Promise<string>;
  readonly openEventWriter: OpenEventWriter;
}

/**
 * `processor produce`: sends events until there are no more, or a signal. Resolves with the exit code; a second signal
 * ends at once.
 * @throws UsageError, ProcessorError: what kept it from sending.
 */
export async function produce(options: ProduceOptions, io: CliIo, parts: ProduceParts): Promise<number> {
  const settings = await produceSettingsOf(options, io, parts.kafkaExample);
  const { logging } = settings.loaded.config;
  const line = io.stderr.isTTY === true ? new StatusLine(io.stderr) : undefined;
  const logger = createRunLogger(options.debug === true ? { ...logging, level: 'debug' } : logging, io.stderr, {
    line,
  });
  const stop = new AbortController();
  const ended = new AbortController();
  const interrupted = listenForSignals(io, () => stop.abort());
  const startedAt = io.clock.monotonic();
  const elapsedMs = (): number => io.clock.monotonic() - startedAt;
  const sent: Sent = { events: 0, keyless: 0, leftOut: 0 };
  const drawn = drawSent(
    () => progressLine(sent, settings.count, elapsedMs(), line?.width ?? 0),
    line,
    io.clock,
    ended.signal,
  );
  try {
    const sending = send(settings, { io, logger, signal: stop.signal, openWriter: parts.openEventWriter }, sent);
    const outcome = await Promise.race([sending, interrupted.atOnce]);
    if (typeof outcome === 'string') return EXIT_CODE.interrupted[outcome];
  } catch (error) {
    if (sent.events > 0) io.stderr.write(`${formatCount(sent.events)} events had been sent before this:\n`);
    throw error;
  } finally {
    ended.abort();
    await drawn;
    interrupted.forget();
  }
  io.stdout.write(`${summaryOf(sent, settings.topics, elapsedMs() / 1000, stop.signal.aborted)}\n`);
  return EXIT_CODE.done;
}

interface Sending {
  readonly io: CliIo;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly openWriter: OpenEventWriter;
}

/** Sends all there is. While one batch is on its way, the next one is made. */
async function send(settings: ProduceSettings, { io, logger, signal, openWriter }: Sending, sent: Sent): Promise<void> {
  const { topics, count } = settings;
  const { clock } = io;
  const { supply, arrivalMs } = await openSupply(settings, io, {
    pipeline: 'produce',
    clock,
    logger,
    signal,
    maxBlockRecords: BATCH_EVENTS,
  });
  let writer: EventWriter | undefined;
  try {
    writer = await openWriter({ ...settings, clock, logger });
    const keys = new KeyFinder(settings.key);
    const pace = new Pace(clock, arrivalMs);
    let made = 0;
    let onItsWay = Promise.resolve();
    while (made < count) {
      const due = await pace.due(made, Math.min(BATCH_EVENTS, count - made), signal);
      const events = due === 0 ? null : await supply.next(due);
      if (events === null) break;
      const first = made;
      const topicOf = (index: number): string => topics[(first + index) % topics.length] ?? '';
      const records = events.map((value, index) => ({ topic: topicOf(index), key: keys.keyOf(value), value }));
      const { unreadable: keyless } = keys;
      made += records.length;
      await onItsWay;
      onItsWay = writer.write(records).then(() => {
        Object.assign(sent, { events: sent.events + records.length, keyless });
      });
      // Its failure is heard of when it is waited for, a turn later.
      onItsWay.catch(() => undefined);
    }
    await onItsWay;
  } finally {
    sent.leftOut = supply.leftOut;
    await Promise.all([supply.close(), writer?.close()]);
  }
}

/** Draws how far it is until `signal` aborts, then takes the line away. */
async function drawSent(
  text: () => string,
  line: StatusLine | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (line === undefined) return;
  while (!signal.aborted) {
    await clock.sleep(REDRAW_MS, signal);
    if (!signal.aborted) line.show(text());
  }
  line.clear();
}
