import { registerHooks } from 'node:module';

/** Where the names of the package lead while it is not built. */
const SOURCES: Readonly<Record<string, string>> = {
  'llm-optimizer-processor': '../../src/index.ts',
  'llm-optimizer-processor/rocksdb': '../../src/state/rocksdb/index.ts',
  'llm-optimizer-processor/testing': '../../src/testing/index.ts',
};

registerHooks({
  resolve(specifier, context, nextResolve) {
    const source = Object.hasOwn(SOURCES, specifier) ? SOURCES[specifier] : undefined;
    return source === undefined
      ? nextResolve(specifier, context)
      : nextResolve(new URL(source, import.meta.url).href, context);
  },
});
