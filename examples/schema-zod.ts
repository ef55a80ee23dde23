/**
 * A schema of zod gives events their type, and turns what does not fit into dead letters. Schemas of valibot, arktype
 * and every other library of the Standard Schema interface work the same way.
 *
 * Prints:
 * model=gpt-4 2 3.5
 * schema rating
 * 2 decoded, 1 rejected
 */
import { CallbackSink, createPipeline, type DeadLetter, MemorySource } from 'llm-optimizer-processor';
import { z } from 'zod';

const Feedback = z.object({
  timestamp: z.iso.datetime(),
  model: z.string(),
  rating: z.number().min(1).max(5),
});

const events: unknown[] = [
  { timestamp: '2026-03-02T09:00:00Z', model: 'gpt-4', rating: 5 },
  { timestamp: '2026-03-02T09:00:10Z', model: 'gpt-4', rating: 9 },
  { timestamp: '2026-03-02T09:00:20Z', model: 'gpt-4', rating: 2 },
];

const summary = await createPipeline()
  .withSource(new MemorySource(events))
  .withSchema(Feedback)
  .withKey({ model: (event) => event.model })
  .withValue((event) => event.rating)
  .withTumblingWindow('1m')
  .withSink(new CallbackSink(({ key, results }) => console.log(String(key), results.count, results.average)))
  .withDeadLetterSink(new CallbackSink<DeadLetter>(({ code, path }) => console.log(code, path)))
  .build()
  .run();

console.log(`${summary.counters.decoded} decoded, ${summary.counters.rejected} rejected`);
