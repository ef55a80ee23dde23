/** An HTTP source behind a server, without a pipeline: `intake.ts <folder>` takes, `intake.ts <folder> read` prints. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpSource } from '../../src/sources/http/http-source.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { SystemClock } from '../../src/time/clock.ts';

const [, , directory = '', mode] = process.argv;
const source = new HttpSource({ segmentBytes: 65_536, logMaxBytes: 67_108_864, bufferEvents: 1_000_000 });
const open = await source.open({
  pipeline: 'intake',
  clock: new SystemClock(),
  logger: silentLogger,
  positions: new Map(),
  directory,
  signal: new AbortController().signal,
  maxBlockRecords: 1000,
});

if (mode === 'read') {
  for (const partition of open.partitions) {
    while (!partition.caughtUp) {
      const block = await partition.read();
      if (block?.kind !== 'bytes') throw new Error('the source gives bytes');
      const { bytes, count, starts, ends } = block;
      for (let index = 0; index < count; index += 1) {
        process.stdout.write(`${Buffer.from(bytes.subarray(starts[index], ends[index])).toString()}\n`);
      }
    }
  }
  await open.close();
} else {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void source.accept(Buffer.concat(chunks), { 'content-type': 'application/json' }).then(({ status }) => {
        response.writeHead(status).end();
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Not a string and not null once it listens on a port.
  process.stderr.write(`{"url":"http://127.0.0.1:${String((server.address() as AddressInfo).port)}"}\n`);
}
