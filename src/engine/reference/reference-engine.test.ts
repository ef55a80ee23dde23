import { windowEngineContract } from '../window-engine.contract.ts';
import { ReferenceEngine } from './reference-engine.ts';

windowEngineContract('the reference engine', (options) => new ReferenceEngine(options));
