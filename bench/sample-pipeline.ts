import { FileSink, FileSource, createPipeline, type MetricResults, type Pipeline } from '../src/index.ts';
import { KEY_FIELDS, VALUE_FIELD, WINDOW_MS } from './sample-events.ts';

/** The benchmarks' pipeline: tumbling windows of a minute, all aggregates, of one value by a key of three fields. */
export function samplePipeline(input: string, output: string): Pipeline<MetricResults> {
  return createPipeline()
    .withSource(new FileSource(input))
    .withKey(...KEY_FIELDS)
    .withValue(VALUE_FIELD)
    .withTumblingWindow(WINDOW_MS)
    .withSink(new FileSink(output))
    .build();
}
