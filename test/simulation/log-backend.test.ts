import { stateBackendContract } from '../../src/state/state-backend.contract.ts';
import { Disk, Platter } from './disk.ts';
import { LogStateBackend } from './log-backend.ts';

stateBackendContract(
  'on a simulated disk',
  () => new LogStateBackend({ disk: new Disk(new Platter()), now: () => 0, foldBytes: 400 }),
);
