import { context, ROOT_CONTEXT, SpanStatusCode, trace, type Context, type ContextManager } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { traced } from './tracing.ts';

/** Keeps the active context on a stack: enough for what runs synchronously. */
class StackContextManager implements ContextManager {
  #active: Context = ROOT_CONTEXT;

  active(): Context {
    return this.#active;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    inner: Context,
    run: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const outer = this.#active;
    this.#active = inner;
    try {
      return run.call(thisArg, ...args);
    } finally {
      this.#active = outer;
    }
  }

  bind<T>(_context: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

function withExporter(sampled = true): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(sampled ? {} : { sampler: new AlwaysOffSampler() }),
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new StackContextManager());
  return exporter;
}

afterEach(() => {
  trace.disable();
  context.disable();
});

describe('without an SDK', () => {
  it('runs the function and asks for no attributes', async () => {
    const attributes = (): never => expect.fail('attributes were made');
    expect(traced('epoch', attributes, () => 1)).toBe(1);
    await expect(traced('epoch', attributes, async () => 2)).resolves.toBe(2);
  });

  it('passes errors on', async () => {
    expect(() =>
      traced('epoch', {}, () => {
        throw new Error('thrown');
      }),
    ).toThrow('thrown');
    await expect(traced('epoch', {}, () => Promise.reject(new Error('rejected')))).rejects.toThrow('rejected');
  });
});

describe('with an SDK', () => {
  it('records a span with its attributes around a synchronous step', () => {
    const exporter = withExporter();
    expect(
      traced(
        'epoch',
        () => ({ epoch: 7 }),
        () => 'done',
      ),
    ).toBe('done');
    const [span] = exporter.getFinishedSpans();
    expect(span?.name).toBe('epoch');
    expect(span?.attributes).toEqual({ epoch: 7 });
    expect(span?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('ends the span of an asynchronous step when it has settled, not before', async () => {
    const exporter = withExporter();
    const gate: { open: () => void } = { open: () => expect.fail('not started') };
    const step = traced('commit', { epoch: 1 }, () => new Promise<void>((resolve) => (gate.open = resolve)));
    expect(exporter.getFinishedSpans()).toHaveLength(0);
    gate.open();
    await step;
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });

  it.each([
    [
      'thrown',
      (): Promise<void> => {
        throw new Error('disk full');
      },
    ],
    ['rejected', (): Promise<void> => Promise.reject(new Error('disk full'))],
  ])('records an error that was %s, and passes it on', async (_how, run) => {
    const exporter = withExporter();
    await expect(async () => traced('delivery', {}, run)).rejects.toThrow('disk full');
    const [span] = exporter.getFinishedSpans();
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'disk full' });
    expect(span?.events[0]?.attributes?.['exception.message']).toBe('disk full');
  });

  it('records what is not an error object too', () => {
    const exporter = withExporter();
    expect(() =>
      traced('delivery', {}, () => {
        // oxlint-disable-next-line typescript/only-throw-error -- what a careless callback does
        throw 'no';
      }),
    ).toThrow('no');
    expect(exporter.getFinishedSpans()[0]?.status.message).toBe('no');
  });

  it('makes the inner span a child of the outer one', () => {
    const exporter = withExporter();
    traced('epoch', {}, () => traced('commit', {}, () => undefined));
    const [commit, epoch] = exporter.getFinishedSpans();
    expect(commit?.name).toBe('commit');
    expect(commit?.parentSpanContext?.spanId).toBe(epoch?.spanContext().spanId);
  });

  it('makes no attributes for a span that is not sampled, but hands its context on', () => {
    const exporter = withExporter(false);
    let active: string | undefined;
    traced(
      'epoch',
      (): never => expect.fail('attributes were made'),
      (span) => {
        active = trace.getSpan(context.active())?.spanContext().traceId;
        expect(active).toBe(span.spanContext().traceId);
      },
    );
    expect(active).toBeDefined();
    expect(exporter.getFinishedSpans()).toHaveLength(0);
  });
});
