import type * as library from '@platformatic/kafka';
import { messageOf } from '../errors/message-of.ts';
import { KafkaFault } from './kafka-fault.ts';

/** The client library, as a module. Its types appear in no declaration of the package's own. */
export type KafkaLibrary = typeof library;

/** The oldest Node.js that the client library runs on. */
const OLDEST_NODE = [22, 22] as const;

/**
 * Loads the client library; only a pipeline with Kafka pays for it. `nodeVersion` is that of the process unless given.
 *
 * @throws KafkaFault of kind `incompatible` where this Node.js is too old for it, or it is not installed.
 */
export async function loadKafkaLibrary(nodeVersion: string = process.versions.node): Promise<KafkaLibrary> {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new KafkaFault(
      'incompatible',
      `Kafka needs Node.js ${OLDEST_NODE.join('.')} or newer, and this is ${nodeVersion}`,
    );
  }
  try {
    return await import('@platformatic/kafka');
  } catch (error) {
    const message = `the client for Kafka cannot be loaded; "npm install" brings it: ${messageOf(error)}`;
    throw new KafkaFault('incompatible', message, { cause: error });
  }
}
