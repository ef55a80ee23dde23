/** How to test a pipeline: feed it by hand, synchronously, with a clock that stands still. Nothing is mocked. */
import { createPipeline, LateEventHandler } from 'llm-optimizer-processor';
import { TestDriver } from 'llm-optimizer-processor/testing';
import { describe, expect, it } from 'vitest';

interface Feedback {
  readonly timestamp: number;
  readonly model: string;
  readonly rating: number;
}

/** The pipeline under test, without source and sinks, as a function so that a program and its tests share it. */
function ratings() {
  return createPipeline<Feedback>('ratings')
    .filter((event) => event.model !== 'internal')
    .withKey('model')
    .withValue((event) => event.rating)
    .withTumblingWindow('1m')
    .withLateEventHandler(new LateEventHandler('30s'));
}

describe('ratings by model', () => {
  it('are averaged over a minute', () => {
    const driver = new TestDriver(ratings().build());
    driver.sendBatch([
      { timestamp: 1000, model: 'a', rating: 4 },
      { timestamp: 2000, model: 'a', rating: 5 },
      { timestamp: 3000, model: 'internal', rating: 1 },
    ]);
    expect(driver.takeResults()).toEqual([]);

    driver.watermark(60_000);
    const [result] = driver.takeResults();
    expect(result?.key?.get('model')).toBe('a');
    expect(result?.results).toMatchObject({ count: 2, average: 4.5 });
  });

  it('take a late rating, and drop one that is later still', () => {
    const driver = new TestDriver(ratings().build(), { watermarks: 'manual' });
    driver.send({ timestamp: 1000, model: 'a', rating: 4 });
    driver.watermark(60_000);
    driver.send({ timestamp: 40_000, model: 'a', rating: 2 });
    driver.send({ timestamp: 29_000, model: 'a', rating: 1 });

    expect(driver.takeResults().map(({ pane, results }) => [pane.timing, results.average])).toEqual([
      ['on_time', 4],
      ['late', 3],
    ]);
    expect(driver.takeLateEvents().map(({ latenessMs }) => latenessMs)).toEqual([31_000]);
  });

  it('reject what has no timestamp, with the reason', () => {
    const driver = new TestDriver(ratings().build());
    driver.sendRecords(['{"model":"a","rating":4}']);
    expect(driver.takeDeadLetters().map(({ code, path }) => [code, path])).toEqual([
      ['missing_timestamp', 'timestamp'],
    ]);
  });

  it('go on when a partition falls silent', () => {
    const driver = new TestDriver(ratings().withIdleTimeout('1m').build());
    driver.addPartition('silent');
    driver.send({ timestamp: 1000, model: 'a', rating: 4 }, 'busy');
    driver.send({ timestamp: 95_000, model: 'a', rating: 4 }, 'busy');
    expect(driver.takeResults()).toHaveLength(0);
    driver.advanceClock('59s');
    driver.send({ timestamp: 96_000, model: 'a', rating: 4 }, 'busy');
    driver.advanceClock('1s');
    expect(driver.takeResults()).toHaveLength(1);
  });
});
