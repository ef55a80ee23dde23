import { describe, expect, it } from 'vitest';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import type { StateBackend } from '../state/state-backend.ts';
import type { PipelineBuilder } from '../pipeline/pipeline-builder.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { MemorySource } from '../sources/memory/memory-source.ts';
import { CollectingSink, readingsPipeline, shown, type Reading } from './run-fixtures.contract.ts';

const BUFFER = 10;
const KEYS = 200;

/** One window for each of many keys, and then the event that makes all of them fire. */
const EVENTS: readonly Reading[] = [
  ...Array.from({ length: KEYS }, (_, i) => ({ timestamp: 1, key: `k${String(i).padStart(3, '0')}`, value: i })),
  { timestamp: 1000, key: 'late', value: 0 },
];

type Kind = 'tumbling windows' | 'sliding windows' | 'sessions';

const WINDOWS: Readonly<
  Record<Kind, (builder: PipelineBuilder<Reading, unknown>) => PipelineBuilder<Reading, unknown>>
> = {
  'tumbling windows': (builder) => builder.withTumblingWindow(10),
  'sliding windows': (builder) => builder.withSlidingWindow(10, 5, { allowedLateness: 20 }),
  sessions: (builder) => builder.withSessionWindow(10),
};

/** A run over the events that stops itself in its `stopIn`-th delivery. */
function pipelineOf(
  kind: Kind,
  backend: StateBackend,
  sink: CollectingSink<never>,
  stopIn = Infinity,
): Pipeline<unknown> {
  let deliveries = 0;
  const pipeline = WINDOWS[kind](readingsPipeline(new MemorySource(EVENTS)))
    .withBufferSize(BUFFER)
    .withStateBackend(backend)
    .withSink({
      sendBatch: async (items: readonly unknown[], delivery) => {
        deliveries += 1;
        if (deliveries === stopIn) void pipeline.stop();
        await sink.sendBatch(items as readonly never[], delivery);
      },
    })
    .build();
  return pipeline;
}

const textOf = ({ items }: CollectingSink<never>): readonly string[] => items.map(shown);

describe('a run that is stopped while very much is due', () => {
  it.each(Object.keys(WINDOWS) as Kind[])('ends at once, and the rest fires after the next start: %s', async (kind) => {
    const undisturbed = new CollectingSink<never>();
    await pipelineOf(kind, new MemoryStateBackend(), undisturbed).run();
    const backend = new MemoryStateBackend();
    const sink = new CollectingSink<never>();
    const { outcome } = await pipelineOf(kind, backend, sink, 3).run();
    expect(outcome).toBe('stopped');
    // What was under way, what was waiting for it, and what the last epoch still took.
    expect(sink.items.length).toBeLessThanOrEqual(6 * BUFFER);
    expect(sink.items.length).toBeGreaterThanOrEqual(3 * BUFFER);
    expect((await pipelineOf(kind, backend, sink).run()).outcome).toBe('finished');
    expect(textOf(sink)).toEqual(textOf(undisturbed));
  });

  it('ends so again and again, each time a little further', async () => {
    const undisturbed = new CollectingSink<never>();
    await pipelineOf('tumbling windows', new MemoryStateBackend(), undisturbed).run();
    const backend = new MemoryStateBackend();
    const sink = new CollectingSink<never>();
    let runs = 0;
    for (let outcome = 'stopped'; outcome === 'stopped'; runs += 1) {
      ({ outcome } = await pipelineOf('tumbling windows', backend, sink, 1).run());
    }
    expect(runs).toBeGreaterThan(3);
    expect(textOf(sink)).toEqual(textOf(undisturbed));
  });

  it('fires all of it first where nothing outlives the process', async () => {
    class Forgetful extends MemoryStateBackend {
      override readonly recoverable = false as true;
    }
    const sink = new CollectingSink<never>();
    const { outcome } = await pipelineOf('tumbling windows', new Forgetful(), sink, 3).run();
    expect(outcome).toBe('stopped');
    expect(sink.items.length).toBeGreaterThanOrEqual(KEYS);
  });
});
