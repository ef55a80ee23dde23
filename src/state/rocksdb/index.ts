export { listCheckpointsIn, verifyCheckpointIn } from './checkpoint-folder.ts';
export { exportCheckpoint } from './export-checkpoint.ts';
export { RocksDBStateBackend, type RocksDBStateBackendOptions } from './rocksdb-state-backend.ts';
export { openSnapshot, type StateSnapshot } from './state-snapshot.ts';
