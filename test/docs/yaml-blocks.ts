import { PassThrough } from 'node:stream';
import { parseConfig } from '../../src/config/config.ts';
import { planOfConfig, unsupported } from '../../src/config/plan-of-config.ts';
import { ProcessorError } from '../../src/errors/processor-error.ts';
import { ProcessorMetrics } from '../../src/telemetry/metrics.ts';
import type { CodeBlock } from './markdown.ts';

/**
 * What is wrong with a configuration in the documentation. One that this version accepts and cannot run is marked
 * `validated only`, and one so marked cannot run.
 */
export function checkYaml({ page, line, code, directives }: CodeBlock): string[] {
  try {
    const loaded = parseConfig(code, { cores: 4 });
    const cannotRun = unsupported(loaded).length > 0;
    if (cannotRun !== directives.has('validated only')) {
      return [`${page}:${line} is ${cannotRun ? 'not ' : ''}marked "validated only"`];
    }
    if (!cannotRun)
      planOfConfig(loaded, { stdin: new PassThrough(), stdout: new PassThrough(), metrics: new ProcessorMetrics() });
    return [];
  } catch (error) {
    if (!ProcessorError.is(error)) throw error;
    return error.message.split('\n').map((message) => `${page}:${line} ${message}`);
  }
}
