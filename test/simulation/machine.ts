import type { DeadLetter } from '../../src/results/dead-letter.ts';
import type { AggregationResult } from '../../src/results/aggregation-result.ts';
import type { LateEvent } from '../../src/results/late-event.ts';
import { ErrorHandler, ErrorPolicy } from '../../src/plan/error-handler.ts';
import { LateEventHandler } from '../../src/plan/late-event-handler.ts';
import type { PipelinePlan } from '../../src/plan/plan.ts';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import type { EventSink } from '../../src/sinks/event-sink.ts';
import { silentLogger, type Logger } from '../../src/telemetry/logger.ts';
import type { LateJson, ResultJson } from '../oracle/result-json.ts';
import { builderOf } from '../properties/engine-subject.ts';
import { Disk, type Platter } from './disk.ts';
import type { DrawnCase } from './draw.ts';
import type { SimulatedKafka } from './kafka.ts';
import { SimulatedRequests } from './kafka-requests.ts';
import { keyOfResult, LATE, LETTERS, RESULTS, SimulatedTransaction } from './kafka-sinks.ts';
import type { Ledger } from './ledger.ts';
import { LogStateBackend } from './log-backend.ts';
import type { Planted } from './planted.ts';
import { SimulatedClock, type SimulatedProcess } from './process.ts';
import { canonicalLate, canonicalResult, FileLikeSink, KeyedSink, type KeyedStore } from './sinks.ts';
import { SimulatedSource } from './source.ts';
import { SteppedBackend } from './stepped-backend.ts';

/** What outlives the process: disks, stores elsewhere, and what is known of the case. */
export interface Machine {
  readonly drawn: DrawnCase;
  readonly ledger: Ledger;
  state: Platter;
  file: Platter;
  lateFile: Platter;
  readonly store: KeyedStore<ResultJson>;
  readonly deadLetters: KeyedStore<null>;
  readonly isFull: () => boolean;
  readonly planted: Planted;
  /** Null where no results go to Kafka. */
  readonly kafka: MachineKafka | null;
}

/** The cluster, and how it is at the moment. */
export interface MachineKafka {
  readonly cluster: SimulatedKafka;
  readonly isAway: () => boolean;
  readonly isMoving: () => boolean;
  readonly onTakenOver: (process: SimulatedProcess) => void;
  /** What the operator has set for the next start. */
  afterRestore: 'refuse' | 'deliver_again';
  /** False where the last run has said that it could not tell the cluster where it stands in the end. */
  isTold: boolean;
}

/** The pipeline of a case, made anew for a process; nothing of it has begun. */
export function startPipeline(process: SimulatedProcess, whole: Machine, changed: boolean): Pipeline<unknown> {
  const machine = { ...whole, ledger: whole.ledger.heard(process) };
  const { planted } = machine;
  const clock = new SimulatedClock(process);
  const plan = planOf(process, machine, clock);
  const final = changed ? otherPlan(plan, process) : plan;
  return new Pipeline(planted.plan?.(final) ?? final, { clock, logger: listening(whole.kafka) });
}

function listening(kafka: MachineKafka | null): Logger {
  if (kafka === null) return silentLogger;
  kafka.isTold = true;
  const warn = (_: object, message: string): void => {
    if (message.includes('others could not be told')) kafka.isTold = false;
  };
  return { ...silentLogger, warn };
}

function planOf(process: SimulatedProcess, machine: Machine, clock: SimulatedClock): PipelinePlan {
  const { drawn, ledger, planted } = machine;
  const { hazards, config } = drawn;
  const source = new SimulatedSource({
    process,
    partitions: drawn.partitions,
    maxBlock: drawn.maxBlock,
    hazards,
    ledger,
    faults: planted.source ?? {},
  });
  const faults = planted.sink ?? {};
  const shared = { process, hazards, ledger, faults };
  const results = { ...shared, canonical: canonicalResult };
  const file = new FileLikeSink<AggregationResult<unknown>, ResultJson>('file', machine.file, results);
  const store = new KeyedSink<AggregationResult<unknown>, ResultJson>(
    'store',
    machine.store,
    drawn.sendsOneByOne,
    results,
  );
  const late = new FileLikeSink<LateEvent, LateJson>('late', machine.lateFile, { ...shared, canonical: canonicalLate });
  const deadLetters = new KeyedSink<DeadLetter, null>('dead letters', machine.deadLetters, false, {
    ...shared,
    canonical: ({ partition, offset }) => ({ id: `${partition}/${String(offset)}`, json: null }),
  });
  const transaction = transactionOf(process, machine);
  const isAt = drawn.kafka;
  const lateSink =
    transaction !== undefined && isAt?.takesLate === true
      ? transaction.sink(LATE, canonicalLate, ({ window }: LateEvent) => window.key?.toString() ?? null)
      : late;
  const letterSink =
    transaction !== undefined && isAt?.takesLetters === true
      ? transaction.sink(LETTERS, canonicalLetter, () => null)
      : deadLetters;
  const retry = ErrorPolicy.retry({ maxAttempts: drawn.maxAttempts, initialDelay: 5, maxDelay: 200 });
  const builder = builderOf(config)
    .withSource(source)
    .withLateEventHandler(new LateEventHandler(0, { rule: config.lateRule, sideOutput: lateSink }))
    .withDeadLetterSink(letterSink)
    .withSink(file)
    .withSink(store)
    .withErrorHandler(new ErrorHandler(retry, { deliveryTimeout: drawn.deliveryTimeoutMs }))
    .withIdleTimeout(drawn.idleTimeoutMs)
    .withBufferSize(drawn.bufferSize)
    .withCommitInterval(drawn.commitIntervalMs);
  const whole =
    transaction === undefined ? builder : builder.withSink(transaction.sink(RESULTS, canonicalResult, keyOfResult));
  const { plan } = whole.build();
  return {
    ...plan,
    state: stateOf(process, machine, clock, [file, store]),
    stateMemoryLimitBytes: drawn.stateMemoryLimitBytes,
    checkpointIntervalMs: drawn.checkpointIntervalMs,
    checkpointsRetained: drawn.checkpointsRetained,
  };
}

function transactionOf(process: SimulatedProcess, machine: Machine): SimulatedTransaction | undefined {
  const { kafka, drawn, ledger, planted } = machine;
  if (kafka === null || drawn.kafka === null) return undefined;
  const { cluster, isAway, isMoving, onTakenOver, afterRestore } = kafka;
  const transactionalId = `${drawn.config.pipeline}-0`;
  const options = { kafka: cluster, process, hazards: drawn.kafka, transactionalId, isAway, isMoving, onTakenOver };
  const inner = new SimulatedRequests(options);
  const requests = planted.requests?.(inner) ?? inner;
  const { retries, transactionTimeoutMs } = drawn.kafka;
  const made = {
    process,
    kafka: cluster,
    requests,
    ledger,
    transactionalId,
    retries,
    transactionTimeoutMs,
    afterRestore,
  };
  return planted.transaction?.(made) ?? new SimulatedTransaction(made);
}

/** A dead letter by where it came from. */
function canonicalLetter({ partition, offset }: DeadLetter): { readonly id: string; readonly json: string } {
  const id = `${partition}/${String(offset)}`;
  return { id, json: id };
}

/** The plan with one of the settings changed that stored state depends on. */
function otherPlan(plan: PipelinePlan, { world }: SimulatedProcess): PipelinePlan {
  const lateRule = plan.lateRule === 'event' ? 'window' : 'event';
  const narrower = plan.windows.map((window) => ({ ...window, allowedLatenessMs: window.allowedLatenessMs - 1 }));
  const renamed = plan.windows.map((window) => ({ ...window, name: `${window.name}-2` }));
  const isLenient = plan.windows.every(({ allowedLatenessMs }) => allowedLatenessMs > 0);
  return { ...plan, ...world.random.pick([{ lateRule }, { windows: isLenient ? narrower : renamed }]) };
}

function stateOf(
  process: SimulatedProcess,
  { drawn, ledger, state, isFull, planted }: Machine,
  clock: SimulatedClock,
  sinks: readonly EventSink<AggregationResult<unknown>>[],
): PipelinePlan['state'] {
  const inner = new LogStateBackend({
    disk: new Disk(state, 'state disk', process, isFull, planted.disk),
    now: () => clock.now(),
    foldBytes: drawn.foldBytes,
    ...(planted.backend === undefined ? {} : { faults: planted.backend }),
  });
  const stepped = new SteppedBackend(inner, process, ledger, drawn.hazards);
  return planted.state?.(stepped, sinks) ?? stepped;
}
