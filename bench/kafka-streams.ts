import { join } from 'node:path';
import { javaClassPath, runProgram } from '../test/kafka/java.ts';

const PEER = join(import.meta.dirname, 'peers', 'kafka-streams');
const CLASSES = join(import.meta.dirname, '..', '.cache', 'kafka-streams-peer', 'classes');

/**
 * Builds the programs in `peers/kafka-streams` with Maven. @returns their class path.
 * @throws Error with what Maven says if they do not compile.
 */
export async function buildPeer(): Promise<string> {
  const pom = join(PEER, 'pom.xml');
  const libraries = await javaClassPath(pom);
  const { code, stdout, stderr } = await runProgram('mvn', ['-q', '-B', '-f', pom, 'compile']);
  if (code !== 0) throw new Error(`${stdout}${stderr}`);
  return `${CLASSES}:${libraries}`;
}

/** Arguments of `java` for one of the programs. */
export function javaArguments(classPath: string, program: string, ...args: readonly string[]): string[] {
  return ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath, `peer.${program}`, ...args];
}
