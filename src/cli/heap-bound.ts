import type { ProcessorConfig } from '../config/schema/processor.ts';

/** What the program needs besides windows, in MiB: code, keys at hand, an epoch and its results. */
const BASE_MIB = 160;
/** The young generation of a small heap, in MiB: the default one is larger than the windows of a small bound. */
const SEMI_SPACE_MIB = 8;
/** Up to this bound on windows, in MiB, the young generation matters. */
const SMALL_MIB = 128;

/**
 * The options of Node that keep its heap in proportion to a bound on windows in memory; none where no bound was given,
 * or somebody has set the heap already. Without them Node lets the heap grow to a quarter of the machine's memory before
 * it collects what is no longer used.
 */
export function heapOptions(
  { state }: Pick<ProcessorConfig, 'state'>,
  givenOptions: readonly string[],
  nodeOptions: string | undefined,
): readonly string[] {
  const limit = state.memory_limit_mb;
  if (state.backend !== 'rocksdb' || limit === undefined) return [];
  if ([...givenOptions, nodeOptions ?? ''].some((option) => /--max[-_](old[-_]space|heap)[-_]size/.test(option)))
    return [];
  // Twice: what was let go of takes room until it is collected.
  const options = [`--max-old-space-size=${Math.ceil(BASE_MIB + 2 * limit)}`];
  return limit <= SMALL_MIB ? [...options, `--max-semi-space-size=${SEMI_SPACE_MIB}`] : options;
}

/**
 * The variables that make the allocator of Linux (glibc) give memory back: each thread of RocksDB and of Node else keeps an
 * arena of its own, in which what was freed stays, half as much again as the process uses. Other systems know neither.
 */
export function allocatorVariables(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const variables = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };
  return Object.fromEntries(Object.entries(variables).filter(([name]) => environment[name] === undefined));
}
