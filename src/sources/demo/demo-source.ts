import { ProcessorError } from '../../errors/processor-error.ts';
import { toInstant, type Instant } from '../../time/instant.ts';
import type { EventSource, OpenSource, SourceContext } from '../event-source.ts';
import { DemoPartition } from './demo-partition.ts';
import { DemoTraffic } from './demo-traffic.ts';

/** Event time runs at this rate where events are made as fast as they are read. */
const UNPACED_EVENTS_PER_SEC = 1000;

/** Size, pace and shape of a {@link DemoSource}; a setting out of its range is refused with CONFIG_INVALID. */
export interface DemoSourceOptions {
  /** Events a second on average; more by day than by night. 0 or `Infinity`: as fast as they are read. Default 1000. */
  readonly eventsPerSec?: number;
  /** Another seed, another stream. A whole number. Default 42. */
  readonly seed?: number;
  /** Number of (model, region) pairs in use. Default 20. */
  readonly keys?: number;
  /** Most events are out of order by up to this many seconds. Default 5. */
  readonly disorderSecs?: number;
  /** The stream ends after so many events. Default: never. */
  readonly total?: number;
  /** Default 2. */
  readonly partitions?: number;
  /** Event time of the first event. Default: when the source is first opened. */
  readonly startAt?: Date | number;
}

/**
 * Made-up traffic of language models, as NDJSON, for a first look and for measuring. Event `k` is a pure function
 * of the settings and k, and `k` is its offset, so a restart goes on as if nothing had happened. Paced by the clock.
 */
export class DemoSource implements EventSource {
  readonly name = 'demo';
  readonly #paced: boolean;
  readonly #eventsPerSec: number;
  readonly #seed: number;
  readonly #keys: number;
  readonly #disorderMs: number;
  readonly #total: number;
  readonly #partitions: number;
  readonly #startAt: Instant | undefined;

  /** @throws ProcessorError CONFIG_INVALID, or TIMESTAMP_INVALID for `startAt`. */
  constructor(options: DemoSourceOptions = {}) {
    const { eventsPerSec = 1000, seed = 42, keys = 20, disorderSecs = 5, total = Infinity, partitions = 2 } = options;
    check('eventsPerSec', eventsPerSec >= 0, 'a number ≥ 0', eventsPerSec);
    check('seed', Number.isSafeInteger(seed), 'a whole number', seed);
    check('keys', Number.isInteger(keys) && keys >= 1 && keys <= 1e6, 'a whole number from 1 to 1,000,000', keys);
    check('disorderSecs', disorderSecs >= 0 && disorderSecs <= 86_400, 'from 0 to 86,400', disorderSecs);
    check('total', total === Infinity || (Number.isSafeInteger(total) && total >= 0), 'a whole number ≥ 0', total);
    check(
      'partitions',
      Number.isInteger(partitions) && partitions >= 1 && partitions <= 1024,
      '1 to 1,024',
      partitions,
    );
    this.#paced = eventsPerSec > 0 && eventsPerSec !== Infinity;
    this.#eventsPerSec = this.#paced ? eventsPerSec : UNPACED_EVENTS_PER_SEC;
    this.#seed = seed;
    this.#keys = keys;
    this.#disorderMs = disorderSecs * 1000;
    this.#total = total;
    this.#partitions = partitions;
    this.#startAt = options.startAt === undefined ? undefined : toInstant(options.startAt);
  }

  open(context: SourceContext): Promise<OpenSource> {
    const startAt = anchorOf(context) ?? this.#startAt ?? context.clock.now();
    const partitions = Array.from({ length: this.#partitions }, (_, index) => {
      const traffic = new DemoTraffic({
        seed: this.#seed,
        keys: this.#keys,
        eventsPerSec: this.#eventsPerSec,
        disorderMs: this.#disorderMs,
        startAt,
      });
      const part = { index, of: this.#partitions, total: this.#total };
      return new DemoPartition(traffic, part, { paced: this.#paced, token: String(startAt) }, context);
    });
    return Promise.resolve({ partitions, close: () => Promise.resolve() });
  }
}

/** The event time of the first event, as committed by an earlier run. */
function anchorOf(context: SourceContext): Instant | undefined {
  for (const { token } of context.positions.values()) {
    if (token !== undefined && token !== '' && Number.isInteger(Number(token))) return Number(token);
  }
  return undefined;
}

function check(option: string, sound: boolean, expected: string, found: number): void {
  if (sound) return;
  throw new ProcessorError('configuration', 'CONFIG_INVALID', `${option} must be ${expected}, found ${String(found)}`, {
    path: option,
  });
}
