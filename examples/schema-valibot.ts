/**
 * The same schema twice, in valibot and in arktype: a pipeline takes either.
 *
 * Prints:
 * sum 200
 * rejected 1
 * sum 200
 * rejected 1
 */
import { type } from 'arktype';
import { CallbackSink, createPipeline, MemorySource } from 'llm-optimizer-processor';
import * as v from 'valibot';

const events = [
  { timestamp: 1000, model: 'gpt-4', tokens: 120 },
  { timestamp: 2000, model: 'gpt-4', tokens: 80 },
  { timestamp: 3000, model: 'gpt-4', tokens: 'many' },
];

const ofValibot = v.object({ timestamp: v.number(), model: v.string(), tokens: v.number() });
const ofArktype = type({ timestamp: 'number', model: 'string', tokens: 'number' });

const base = createPipeline().withSource(new MemorySource(events));

for (const builder of [base.withSchema(ofValibot), base.withSchema(ofArktype)]) {
  const pipeline = builder
    .withValue((event) => event.tokens)
    .withTumblingWindow('1m')
    .withSink(new CallbackSink(({ results }) => console.log('sum', results.sum)))
    .build();
  const { counters } = await pipeline.run();
  console.log('rejected', counters.rejected);
}
