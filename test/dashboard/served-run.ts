import { onTestFinished } from 'vitest';
import { createServer, type HttpServerOptions } from '../../src/http/server.ts';
import { RunMonitor } from '../../src/monitor/run-monitor.ts';
import { createPipeline } from '../../src/pipeline/create-pipeline.ts';
import type { AggregationResult } from '../../src/results/aggregation-result.ts';
import { CollectingSink, scriptedSource } from '../../src/runtime/run-fixtures.contract.ts';
import { DeadLetterSink } from '../../src/sinks/dead-letter/dead-letter-sink.ts';
import type { EventSource } from '../../src/sources/event-source.ts';
import { BoundedOutOfOrdernessWatermark } from '../../src/time/bounded-out-of-orderness-watermark.ts';

/** An event of these tests: a call of a model. */
export interface Call {
  readonly timestamp: number;
  readonly model: string;
  readonly region: string;
  readonly latency_ms: number | string;
  readonly cost_usd: number;
}

/** A run with its server. */
export interface ServedRun {
  readonly url: string;
  readonly port: number;
  readonly monitor: RunMonitor;
  /** What its sink has taken. */
  readonly delivered: readonly AggregationResult[];
  /** Hands over events, where no other source was given. */
  readonly give: (...calls: readonly Call[]) => void;
  readonly close: () => Promise<void>;
}

/** What a run is to be like. */
export interface ServedOptions extends Partial<HttpServerOptions> {
  readonly source?: EventSource;
  readonly deadLetterPath?: string;
}

const BASE = Date.UTC(2026, 2, 2, 9);

/** A call so many seconds into the time that these tests are about. */
export function call(second: number, model = 'gpt-4o', latency: number | string = 100 + second, region = 'eu'): Call {
  return { timestamp: BASE + second * 1000, model, region, latency_ms: latency, cost_usd: 0.01 };
}

/** Runs a pipeline over calls in windows of ten seconds, with the server for it, until the test is over. */
export async function serveRun({ source, deadLetterPath, ...options }: ServedOptions = {}): Promise<ServedRun> {
  const scripted = scriptedSource();
  const sink = new CollectingSink('collecting');
  const builder = createPipeline<Call>('calls')
    .withSource(source ?? scripted.source)
    .withKey('model', 'region')
    .withValues({ latency_ms: 'latency_ms', cost_usd: 'cost_usd' })
    .withTumblingWindow('10s', { allowedLateness: '20s' })
    .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark('5s'))
    .withSink(sink);
  const pipeline = (
    deadLetterPath === undefined ? builder : builder.withDeadLetterSink(new DeadLetterSink({ path: deadLetterPath }))
  ).build();
  const monitor = new RunMonitor(pipeline);
  const server = createServer({
    status: () => pipeline.status(),
    metrics: pipeline.metrics,
    monitor,
    port: 0,
    closeTimeoutMs: 200,
    ...options,
  });
  const { port } = await server.listen();
  const running = pipeline.run();
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await pipeline.stop();
    await running;
    await server.close();
  };
  onTestFinished(close);
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    port,
    monitor,
    delivered: sink.items,
    give: (...calls) => scripted.give(...(calls as never[])),
    close,
  };
}
