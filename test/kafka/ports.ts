import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below what systems give to outgoing connections (32768 and up on Linux, 49152 on macOS). A port from there could be
 * taken while its broker is down, even by a client that tries to reach it, which then is connected to itself.
 */
const [FIRST, END] = [20_000, 32_000];

/** True if nobody listens on that port of the loopback address. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}

/** Ports of the loopback address that nobody listens on at the moment; all different. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(FIRST, END);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}
