import { PassThrough } from 'node:stream';
import { parseConfig } from '../../src/config/config.ts';
import { planOfConfig } from '../../src/config/plan-of-config.ts';
import { ProcessorError } from '../../src/errors/processor-error.ts';
import { ProcessorMetrics } from '../../src/telemetry/metrics.ts';
import type { CodeBlock } from './markdown.ts';

/** What is wrong with a configuration in the documentation: it must be one that can be run. */
export function checkYaml({ page, line, code }: CodeBlock): string[] {
  try {
    // As in a StatefulSet: what has several instances has to know which one this is.
    const loaded = parseConfig(code, { cores: 4, hostname: 'processor-0' });
    planOfConfig(loaded, { stdin: new PassThrough(), stdout: new PassThrough(), metrics: new ProcessorMetrics() });
    return [];
  } catch (error) {
    if (!ProcessorError.is(error)) throw error;
    return error.message.split('\n').map((message) => `${page}:${line} ${message}`);
  }
}
