import { describe, expect, it } from 'vitest';
import { projectPages } from './markdown.ts';

/** How many blocks of code stand under which heading of the two pages that this project follows, in their order. */
const EXPECTED: Readonly<Record<string, readonly (readonly [heading: string, blocks: number])[]>> = {
  'docs/reference/api.md': [
    ['Quick Start / Basic Tumbling Window Example', 1],
    ['Window Types / Tumbling Windows', 1],
    ['Window Types / Sliding Windows', 1],
    ['Window Types / Session Windows', 1],
    ['Aggregation Functions / Count', 1],
    ['Aggregation Functions / Sum and Average', 1],
    ['Aggregation Functions / Min and Max', 1],
    ['Aggregation Functions / Percentiles', 1],
    ['Aggregation Functions / Standard Deviation', 1],
    ['Aggregation Functions / Composite Aggregation', 1],
    ['Watermarking / Bounded Out-of-Orderness', 1],
    ['Watermarking / Periodic Watermarks', 1],
    ['Watermarking / Late Event Handling', 1],
    ['State Management / In-Memory State Backend', 1],
    ['State Management / RocksDB State Backend', 1],
    ['State Management / State Operations', 1],
    ['State Management / Checkpointing', 1],
    ['Kafka Integration / Kafka Source Configuration', 1],
    ['Kafka Integration / Kafka Sink Configuration', 1],
    ['Pipeline Building / Builder Pattern', 1],
    ['Pipeline Building / Custom Event Processing', 1],
    ['Error Handling / Error Types', 1],
    ['Error Handling / Error Recovery Policies', 1],
    ['Configuration File / Complete Configuration Example', 1],
    ['Configuration File / Loading Configuration', 1],
    ['Metrics and Observability / Built-in Metrics', 1],
    ['Metrics and Observability / Custom Tracing', 1],
    ['Advanced Usage / Custom Aggregator', 1],
    ['Advanced Usage / Custom Window Trigger', 1],
    ['Advanced Usage / Custom Sink', 1],
    ['Common Patterns / Multi-Metric Aggregation', 1],
    ['Common Patterns / Keyed Aggregation', 1],
    ['Common Patterns / Real-Time Dashboard', 1],
    ['Performance Tuning / Throughput Optimization', 1],
    ['Performance Tuning / Latency Optimization', 1],
    ['Performance Tuning / Memory Optimization', 1],
    ['Troubleshooting / High Consumer Lag', 1],
    ['Troubleshooting / State Size Growth', 1],
    ['Troubleshooting / Late Events Dropped', 1],
  ],
  'docs/reference/quick-reference.md': [
    ['Core Concepts / Windows', 1],
    ['Core Concepts / Aggregations', 1],
    ['Core Concepts / Watermarks', 1],
    ['Basic Pipeline', 1],
    ['Configuration Snippets / Minimal Config', 1],
    ['Configuration Snippets / Production Config', 1],
    ['State Operations', 1],
    ['Aggregation Usage', 1],
    ['Error Handling', 1],
    ['Metrics / Expose Metrics', 1],
    ['Metrics / Prometheus Queries', 1],
    ['Common Patterns / Keyed Aggregation', 1],
    ['Common Patterns / Custom Sink', 1],
    ['Performance Tuning / High Throughput', 1],
    ['Performance Tuning / Low Latency', 1],
    ['Performance Tuning / Memory Efficient', 1],
    ['Commands / Run Processor', 1],
    ['Commands / Monitor', 1],
    ['Key Formulas / Watermark', 1],
    ['Key Formulas / Late Event Decision', 1],
    ['Key Formulas / Window Assignment (Tumbling)', 1],
    ['Key Formulas / Window Assignment (Sliding)', 1],
    ['Data Structures / ProcessorEvent', 1],
    ['Data Structures / Window', 1],
    ['Data Structures / AggregationResult', 1],
    ['Environment Variables', 1],
  ],
};

const pages = projectPages();

describe.each(Object.entries(EXPECTED))('%s', (path, expected) => {
  const page = pages.find((each) => each.path === path);

  it.each(expected)('has what stands under "%s"', (heading, count) => {
    const own = page?.blocks.filter((block) => block.headings.join(' / ') === heading) ?? [];
    const code = own.filter(({ directives }) => !directives.has('output'));
    expect(code.length).toBeGreaterThanOrEqual(count);
  });

  it('keeps the order', () => {
    const headings = expected.map(([heading]) => heading);
    const found = page?.headings.filter((heading) => headings.some((each) => each === heading));
    expect(found).toEqual(headings);
  });
});

it('all blocks are accounted for', () => {
  const counts = Object.values(EXPECTED).map((list) => list.reduce((sum, [, count]) => sum + count, 0));
  expect(counts).toEqual([39, 26]);
});
