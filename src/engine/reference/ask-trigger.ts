import { ProcessorError } from '../../errors/processor-error.ts';

/** Asks a trigger of the user's. @throws ProcessorError TRIGGER_FAILED with what it threw. */
export function askTrigger(windowName: string, method: string, question: () => boolean): boolean {
  try {
    return question();
  } catch (cause) {
    const message = `the trigger of window "${windowName}" threw in ${method}: ${String(cause)}`;
    throw new ProcessorError('window-assignment', 'TRIGGER_FAILED', message, { cause });
  }
}
