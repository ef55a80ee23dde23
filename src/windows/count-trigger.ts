import { ProcessorError } from '../errors/processor-error.ts';
import type { Window } from '../event/window.ts';
import type { Watermark } from '../time/watermark.ts';
import type { WindowTrigger } from './window-trigger.ts';

/** Fires early whenever `count` elements have come since the window's last firing. */
export class CountTrigger implements WindowTrigger {
  readonly count: number;

  /** @throws ProcessorError CONFIG_INVALID unless `count` is a whole number of at least 1. */
  constructor(count: number) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new ProcessorError(
        'configuration',
        'CONFIG_INVALID',
        `a count trigger needs a whole number ≥ 1, found ${String(count)}`,
      );
    }
    this.count = count;
  }

  shouldFire(_window: Window, _watermark: Watermark, elementCount: number): boolean {
    return elementCount >= this.count;
  }
}
