import type { NativeRocksDB } from './native.ts';

// The package brings no declarations of its own.
declare const binding: NativeRocksDB;
// It is no module of this kind: to `import()` all of it is the default.
// oxlint-disable-next-line import/no-default-export
export { binding as default };
