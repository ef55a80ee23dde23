import { defineConfig } from 'vitest/config';

const source = (path: string): string => new URL(`src/${path}`, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    // Examples name the package as its users do, built or not.
    alias: [
      { find: /^llm-optimizer-processor$/, replacement: source('index.ts') },
      { find: /^llm-optimizer-processor\/testing$/, replacement: source('testing/index.ts') },
      { find: /^llm-optimizer-processor\/rocksdb$/, replacement: source('state/rocksdb/index.ts') },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'dashboard/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['test/kafka/global-setup.ts'],
    passWithNoTests: false,
    // Ends what hangs. What is only slow, on a machine with much else to do, goes on: many tests wait for real processes.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
