#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { messageOf } from '../errors/message-of.ts';
import { SystemClock } from '../time/clock.ts';
import { main } from './cli.ts';
import type { CliIo, StopSignal } from './cli-io.ts';
import { EXIT_CODE } from './exit-code.ts';
import { comesOf } from './failure.ts';
import { openKafkaWriter } from './produce/kafka-writer.ts';
import { assumeSize } from './terminal-size.ts';

/** Reads a file of the package; sources and build stand equally deep in it. */
function readOwn(path: string): Promise<string> {
  return readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
}

function restartOf(): CliIo['restart'] {
  if (process.execve === undefined || process.platform === 'win32') return undefined;
  return (options, variables) => {
    const args = [process.execPath, ...process.execArgv, ...options, ...process.argv.slice(1)];
    process.execve?.(process.execPath, args, { ...process.env, ...variables });
  };
}

for (const stream of [process.stdout, process.stderr]) assumeSize(stream);

const { version } = JSON.parse(await readOwn('package.json')) as { readonly version: string };

const io: CliIo = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  clock: new SystemClock(),
  version,
  nodeVersion: process.versions.node,
  nodeOptions: process.execArgv,
  restart: restartOf(),
  onSignal(listener) {
    const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
};

// A reader that has gone away (`processor … | head`) is no failure, on either stream.
// Any other error is told by whatever wrote, and at the end.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const code = await main(process.argv.slice(2), io, {
  quickstart: () => readOwn('config/quickstart.yaml'),
  kafkaExample: () => readOwn('config/kafka.yaml'),
  openEventWriter: openKafkaWriter,
});
const { SIGINT, SIGTERM } = EXIT_CODE.interrupted;
// At once means not to wait for a reader either, who may be what the run was waiting for.
if (code === SIGINT || code === SIGTERM) process.exit(code);
// What is still in a pipe's buffer would be lost by exiting; what else is open must not keep the process.
process.stdout.write('', (error) => {
  const isLost = code === EXIT_CODE.done && error instanceof Error && !comesOf(error, 'EPIPE');
  const complaint = isLost ? `processor: standard output cannot be written: ${messageOf(error)}\n` : '';
  process.stderr.write(complaint, () => process.exit(isLost ? EXIT_CODE.failed : code));
});
