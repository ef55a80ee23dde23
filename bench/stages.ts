/**
 * Where the processor's time goes: its stages one after another over blocks of the same file, each with a timer
 * around it; then the pipeline as a whole, for comparison.
 */
import { open, rm } from 'node:fs/promises';
import type { BatchDecoder } from '../src/decode/batch-decoder.ts';
import { createBatchDecoder } from '../src/decode/create-batch-decoder.ts';
import { ReferenceEngine } from '../src/engine/reference/reference-engine.ts';
import type { WindowEngine } from '../src/engine/window-engine.ts';
import { KeyDictionary } from '../src/event/key-dictionary.ts';
import type { ByteBlock } from '../src/event/record-block.ts';
import { silentLogger, SystemClock } from '../src/index.ts';
import type { PipelinePlan } from '../src/plan/plan.ts';
import { AggregationResult } from '../src/results/aggregation-result.ts';
import { FileSink } from '../src/sinks/file/file-sink.ts';
import { createFramer } from '../src/sources/framing/stream-format.ts';
import { ProgressTracker } from '../src/time/progress.ts';
import { samplePipeline } from './sample-pipeline.ts';

const PIECE_BYTES = 262_144;
const MAX_BLOCK_RECORDS = 1024;
const STAGES = ['read', 'frame', 'decode', 'watermark', 'ingest', 'fire', 'deliver'] as const;
type Stage = (typeof STAGES)[number];

const clock = new SystemClock();

/** Processor time of the process, in µs, by stage. */
class StageTimes {
  readonly micros: Record<Stage, number> = {
    read: 0,
    frame: 0,
    decode: 0,
    watermark: 0,
    ingest: 0,
    fire: 0,
    deliver: 0,
  };
  #at = process.cpuUsage();

  /** What was used since the last call belongs to `stage`. */
  end(stage: Stage): void {
    const { user, system } = process.cpuUsage(this.#at);
    this.micros[stage] += user + system;
    this.#at = process.cpuUsage();
  }
}

/** Measures the stages on a file of events and prints them; results go to `output`. */
export async function printStages(input: string, output: string): Promise<void> {
  const { plan } = samplePipeline(input, output);
  // The first pass is for the compiler.
  await stageTimes(input, output, plan);
  const { micros, events } = await stageTimes(input, output, plan);
  await rm(output);
  const begun = process.cpuUsage();
  const startedAt = clock.monotonic();
  await samplePipeline(input, output).run();
  const seconds = (clock.monotonic() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(begun);
  await rm(output);
  const whole = user + system;
  const staged = STAGES.reduce((sum, stage) => sum + micros[stage], 0);
  const row = (name: string, used: number): void => {
    const perEvent = `${((used * 1000) / events).toFixed(0)} ns/event`;
    console.log(`${name.padEnd(12)}${perEvent.padStart(14)}${`${((used / staged) * 100).toFixed(0)} %`.padStart(8)}`);
  };
  console.log('Processor time by stage, one process, warmed up:');
  for (const stage of STAGES) row(stage, micros[stage]);
  row('all stages', staged);
  // A run of its own, without a timer around every step: the two need not agree.
  row('pipeline', whole);
  console.log(`${Math.round(events / seconds).toLocaleString('en')} events/s in a warm process`);
}

async function stageTimes(
  input: string,
  output: string,
  plan: PipelinePlan,
): Promise<{ readonly micros: Readonly<Record<Stage, number>>; readonly events: number }> {
  const stages = new Stages(plan, input);
  const sink = new FileSink(output);
  await sink.open({ pipeline: plan.name, clock, logger: silentLogger });
  const framer = createFramer('ndjson', { maxBlockRecords: MAX_BLOCK_RECORDS });
  const file = await open(input);
  const { times } = stages;
  for (let ended = false; !ended;) {
    const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
    const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES);
    times.end('read');
    ended = bytesRead === 0;
    if (ended) framer.end();
    else framer.push(buffer.subarray(0, bytesRead));
    for (;;) {
      const block = framer.take(clock.now());
      times.end('frame');
      if (block === null) break;
      await deliver(stages.process(block));
    }
  }
  await deliver(stages.finish());
  await file.close();
  await sink.close();
  return { micros: times.micros, events: stages.events };

  async function deliver(results: readonly AggregationResult[]): Promise<void> {
    if (results.length > 0) await sink.sendBatch(results, { epoch: 1, signal: new AbortController().signal });
    times.end('deliver');
  }
}

/** From a block of records to results, as the pipeline's core does it, each step timed. */
class Stages {
  readonly times = new StageTimes();
  readonly #plan: PipelinePlan;
  readonly #decoder: BatchDecoder;
  readonly #progress: ProgressTracker;
  readonly #partition: number;
  readonly #engine: WindowEngine;

  constructor(plan: PipelinePlan, partition: string) {
    const keys = new KeyDictionary();
    this.#plan = plan;
    this.#decoder = createBatchDecoder(plan.decode, keys);
    this.#progress = new ProgressTracker(plan.watermark, { idleTimeoutMs: plan.idleTimeoutMs });
    this.#partition = this.#progress.add(partition, clock.monotonic());
    const metrics = plan.decode.metrics.map(({ name }) => name);
    this.#engine = new ReferenceEngine({
      ...plan,
      metrics,
      keys,
      trackChanges: plan.state.recoverable,
      residentBytesLimit: Infinity,
      entryPrefix: new Uint8Array(),
      byPartition: false,
    });
  }

  get events(): number {
    return this.#decoder.counters.records;
  }

  process(block: ByteBlock): readonly AggregationResult[] {
    const { batch } = this.#decoder.decode(block, clock.now());
    this.times.end('decode');
    this.#progress.observe(this.#partition, batch.timestamps, batch.count, batch.watermarks, clock.monotonic());
    this.times.end('watermark');
    this.#engine.ingest(batch, clock.now());
    this.times.end('ingest');
    return this.#fire();
  }

  finish(): readonly AggregationResult[] {
    this.#progress.finish(this.#partition);
    return this.#fire();
  }

  #fire(): readonly AggregationResult[] {
    this.#engine.advance(this.#progress.watermark());
    const timestamp = clock.now();
    const results = this.#engine
      .takeFired(Infinity)
      .map((pane) => new AggregationResult({ ...pane, pipeline: this.#plan.name, timestamp }));
    this.times.end('fire');
    return results;
  }
}
