import { describe, expect, it } from 'vitest';
import type { LateEvent } from '../results/late-event.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import { LateEventHandler } from './late-event-handler.ts';

const sink: EventSink<LateEvent> = { name: 'late', send: () => undefined };

describe('LateEventHandler', () => {
  it('judges by the event and drops what is too late, unless told otherwise', () => {
    expect(new LateEventHandler('60s')).toMatchObject({
      allowedLatenessMs: 60_000,
      rule: 'event',
      sideOutput: undefined,
    });
  });

  it('is the same with a side output, and stays as it was', () => {
    const handler = new LateEventHandler(5000, { rule: 'window' });
    expect(handler.withSideOutput(sink)).toEqual(new LateEventHandler(5000, { rule: 'window', sideOutput: sink }));
    expect(handler.sideOutput).toBeUndefined();
  });

  it.each([-1, '-1s', 'late'])('refuses the lateness %j', (lateness) => {
    expect(() => new LateEventHandler(lateness)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  });
});
