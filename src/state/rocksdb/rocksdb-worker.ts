import { parentPort } from 'node:worker_threads';
import { importNative } from './native.ts';
import type { Request } from './protocol.ts';
import { Session } from './session.ts';

// The thread that RocksDB works in: a write blocks it until the disk has it, and the stream goes on meanwhile.
const session = new Session(importNative, (response, transfer) => parentPort?.postMessage(response, transfer));
parentPort?.on('message', (request: Request) => session.receive(request));
