import { join } from 'node:path';
import { stateBackendContract } from '../state-backend.contract.ts';
import { RocksDBStateBackend } from './rocksdb-state-backend.ts';
import { useScratch } from './scratch.contract.ts';

const scratch = useScratch();

let count = 0;
stateBackendContract('rocksdb', () => {
  count += 1;
  return new RocksDBStateBackend(join(scratch(), `${count}`), join(scratch(), `${count}-checkpoints`));
});
