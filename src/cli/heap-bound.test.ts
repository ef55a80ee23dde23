import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/config.ts';
import { allocatorVariables, heapOptions } from './heap-bound.ts';

const configOf = (state: string) => parseConfig(`processor: { state: ${state} }\n`).config;

describe('the options of the heap', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'a small bound',
      '{ backend: rocksdb, memory_limit_mb: 16 }',
      ['--max-old-space-size=192', '--max-semi-space-size=8'],
    ],
    ['a large bound', '{ backend: rocksdb, memory_limit_mb: 1000 }', ['--max-old-space-size=2160']],
    ['no bound', '{ backend: rocksdb }', []],
    ['state in memory', '{ backend: memory, memory_limit_mb: 16 }', []],
  ])('follow %s', (_, state, options) => {
    expect(heapOptions(configOf(state), ['--enable-source-maps'], undefined)).toEqual(options);
  });

  it.each<[readonly string[], string | undefined]>([
    [['--max-old-space-size=99'], undefined],
    [['--max_old_space_size=99'], undefined],
    [[], '--max-heap-size=100 --enable-source-maps'],
  ])('are left alone where somebody has set them: %j %s', (given, nodeOptions) => {
    expect(heapOptions(configOf('{ backend: rocksdb, memory_limit_mb: 16 }'), given, nodeOptions)).toEqual([]);
  });
});

describe('the variables of the allocator', () => {
  it('are set, but for those that somebody has set', () => {
    expect(allocatorVariables({ PATH: '/bin' })).toEqual({ MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' });
    expect(allocatorVariables({ MALLOC_ARENA_MAX: '8' })).toEqual({ MALLOC_TRIM_THRESHOLD_: '131072' });
  });
});
