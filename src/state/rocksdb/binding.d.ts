import type { NativeRocksDB } from './native.ts';

// The package brings no declarations of its own.
declare const binding: NativeRocksDB;
export { binding as default };
