import type { OracleConfig, PartitionInput, WindowDefinition } from '../oracle/model.ts';
import { oracle, singlePane } from '../oracle/oracle.ts';
import type { ResultJson } from '../oracle/result-json.ts';
import { eventsOf, METRICS, TRACE_FILES, type TraceFile, type TraceRow } from './trace.ts';

/** Which files are read: each one a partition. */
export const INPUTS = { both: TRACE_FILES, code: ['code.csv'], conv: ['conv.csv'] } as const satisfies Record<
  string,
  readonly TraceFile[]
>;
export type InputName = keyof typeof INPUTS;

const DEFINITIONS = {
  tumbling: { name: 'tumbling', type: 'tumbling', size: 60_000, offset: 0, allowedLateness: 0 },
  sliding: { name: 'sliding', type: 'sliding', size: 600_000, slide: 60_000, offset: 0, allowedLateness: 0 },
  session: { name: 'session', type: 'session', gap: 5000, allowedLateness: 0 },
} as const satisfies Record<string, WindowDefinition>;
export type WindowName = keyof typeof DEFINITIONS;

/** Every expected file: the input, the windows, and the name of the file. */
export const EXPECTATIONS = (Object.keys(INPUTS) as InputName[]).flatMap((input) =>
  (Object.keys(DEFINITIONS) as WindowName[]).map((window) => ({ input, window, file: `${input}-${window}.ndjson` })),
);

/** Up to so many values of a window, percentiles are exact; from there they are those of a sketch. */
const EXACT_VALUES = 1024;

/** A result that the trace must give; `percentiles` tells how closely those of a run must agree. */
export interface ExpectedResult extends ResultJson {
  readonly percentiles: 'exact' | 'approximate';
}

/** The settings of the pipeline: what the processor must be configured to. */
function configOf(window: WindowName): OracleConfig {
  return {
    pipeline: 'azure',
    windows: [DEFINITIONS[window]],
    lateRule: 'event',
    outOfOrderness: 30_000,
    aggregates: ['count', 'sum', 'average', 'min', 'max', 'percentile', 'stddev'],
    percentiles: [50, 95, 99],
    metrics: METRICS,
    flat: false,
  };
}

/**
 * The results of the trace, in firing order.
 * @throws Error if an event is late, or the sessions depend on the order in which the files are read.
 */
export function expectedResults(
  input: InputName,
  window: WindowName,
  rowsOf: (file: TraceFile) => readonly TraceRow[],
): readonly ExpectedResult[] {
  const partitions = INPUTS[input].map((file): PartitionInput => ({ id: file, events: eventsOf(rowsOf(file)) }));
  const expected = oracle(configOf(window), partitions);
  if (expected.drops.length > 0) throw new Error(`${String(expected.drops.length)} events are late`);
  if (!expected.sessionsDefined) throw new Error('the sessions depend on the order in which the files are read');
  return expected.windows.map((held) => ({
    ...singlePane(expected, held),
    // No row lacks a value, so that the events of a window are the values of each metric.
    percentiles: held.events.length > EXACT_VALUES ? 'approximate' : 'exact',
  }));
}

/** One JSON object a line. */
export function toNdjson(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
