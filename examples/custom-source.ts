/**
 * Two ways to a source of one's own. A generator is enough where events come as values; the port itself is for sources
 * that hold several partitions and find their place again after a restart.
 *
 * Prints:
 * memory 5 10
 * sensors 5 150
 */
import {
  CallbackSink,
  createPipeline,
  type EventSource,
  MemorySource,
  type OpenSource,
  type RecordBlock,
  type SourceContext,
  type SourcePartition,
} from 'llm-optimizer-processor';

interface Reading {
  readonly timestamp: number;
  readonly value: number;
}

async function* readings(): AsyncGenerator<Reading> {
  for (let i = 0; i < 5; i += 1) yield { timestamp: i * 1000, value: i };
}

/** A log of readings for each sensor; an offset is an index into it. */
class SensorSource implements EventSource<Reading> {
  readonly name = 'sensors';
  readonly #logs: ReadonlyMap<string, readonly Reading[]>;

  constructor(logs: ReadonlyMap<string, readonly Reading[]>) {
    this.#logs = logs;
  }

  async open(context: SourceContext): Promise<OpenSource> {
    const partitions = Array.from(this.#logs, ([id, log]) => new SensorPartition(id, log, context));
    return { partitions, close: () => Promise.resolve() };
  }
}

class SensorPartition implements SourcePartition {
  readonly id: string;
  readonly #log: readonly Reading[];
  readonly #context: SourceContext;
  #next: number;

  constructor(id: string, log: readonly Reading[], context: SourceContext) {
    this.id = id;
    this.#log = log;
    this.#context = context;
    this.#next = context.positions.get(id)?.offset ?? 0;
  }

  get caughtUp(): boolean {
    return this.#next >= this.#log.length;
  }

  async read(): Promise<RecordBlock | null> {
    const first = this.#next;
    const objects = this.#log.slice(first, first + this.#context.maxBlockRecords);
    if (objects.length === 0) return null;
    this.#next += objects.length;
    return {
      kind: 'objects',
      objects,
      count: objects.length,
      offsets: Float64Array.from(objects, (_, i) => first + i),
      nextOffset: this.#next,
      receivedAt: this.#context.clock.now(),
    };
  }
}

const logs = new Map([
  ['hall', [10, 20, 30].map((value, i) => ({ timestamp: i * 1000, value }))],
  ['roof', [40, 50].map((value, i) => ({ timestamp: i * 1000, value }))],
]);

for (const source of [new MemorySource(readings()), new SensorSource(logs)]) {
  await createPipeline<Reading>()
    .withSource(source)
    .withValue((reading) => reading.value)
    .withTumblingWindow('1m')
    .withSink(new CallbackSink(({ results }) => console.log(source.name, results.count, results.sum)))
    .build()
    .run();
}
