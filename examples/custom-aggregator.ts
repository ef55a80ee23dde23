/**
 * An aggregate of one's own: the share of values above a limit. Its accumulator is plain data, so it is stored as JSON
 * without further ado.
 *
 * Prints:
 * {"count":8,"max":2100,"share_slow":0.25}
 */
import { type Aggregator, CallbackSink, createPipeline, MemorySource } from 'llm-optimizer-processor';

interface Share {
  above: number;
  count: number;
}

class ShareAbove implements Aggregator<number, Share, number | null> {
  readonly name = 'share_slow';
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  createAccumulator(): Share {
    return { above: 0, count: 0 };
  }

  add(share: Share, value: number): void {
    share.count += 1;
    if (value > this.limit) share.above += 1;
  }

  merge(left: Share, right: Share): Share {
    return { above: left.above + right.above, count: left.count + right.count };
  }

  getResult({ above, count }: Share): number | null {
    return count === 0 ? null : above / count;
  }
}

const latencies = [320, 410, 1250, 280, 2100, 390, 350, 300];
const events = latencies.map((latencyMs, i) => ({ timestamp: i * 1000, latencyMs }));

await createPipeline()
  .withSource(new MemorySource(events))
  .withValue('latencyMs')
  .withAggregations('count', 'max')
  .withAggregator(new ShareAbove(1000))
  .withTumblingWindow('1m')
  .withSink(new CallbackSink(({ results }) => console.log(JSON.stringify(results))))
  .build()
  .run();
