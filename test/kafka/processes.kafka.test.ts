import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scratchFolder } from '../processes/folder.ts';
import { until } from '../waiting.ts';
import { sharedBroker } from './shared-broker.ts';
import { withAdmin } from './topics.ts';

const kafka = await sharedBroker();
const { at } = scratchFolder();

/** A process that runs a file or a script, and what it has said. */
class Running {
  readonly child: ChildProcess;
  said = '';

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    }
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  async says(pattern: RegExp): Promise<string> {
    await until(() => pattern.test(this.said) || this.child.exitCode !== null);
    const found = pattern.exec(this.said)?.[1];
    if (found === undefined) throw new Error(`not said: ${String(pattern)}; ${this.said}`);
    return found;
  }

  async ends(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, 'exit');
    return this.child.exitCode;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe.skipIf(kafka.missing)('a broker', () => {
  it('does not outlive the process that started it, however that ends, nor do its data', async () => {
    const module = JSON.stringify(join(import.meta.dirname, 'broker.ts'));
    const script = `import { Broker } from ${module};
      const broker = await Broker.start();
      console.log('started ' + broker.pid + ' ' + broker.folder);
      setInterval(() => {}, 1000);`;
    const owner = new Running('--input-type=module', '--eval', script);
    const pid = Number(await owner.says(/started (\d+) /));
    const folder = await owner.says(/started \d+ (.*)/);
    expect(isRunning(pid)).toBe(true);
    owner.child.kill('SIGKILL');
    await until(() => !isRunning(pid));
    await until(() => !existsSync(folder));
  });
});

describe.skipIf(kafka.missing)('npm run kafka', () => {
  const main = join(import.meta.dirname, 'main.ts');
  const start = (port: string): Running => new Running(main, '--port', port, '--data', at('kept'), '--partitions', '3');

  it('has the topics of the example, and its data again the next time', async () => {
    for (const expected of [[], ['mine']]) {
      const running = start('0');
      const address = await running.says(/Kafka is at (\S+),/);
      await withAdmin(address, async (admin) => {
        const topics = ['feedback-events', 'performance-metrics', 'aggregated-metrics', 'processor-dead-letter'];
        expect((await admin.listTopics()).toSorted()).toEqual([...topics, ...expected].toSorted());
        // The client sorts the list that it is given.
        const known = await admin.metadata({ topics: [...topics] });
        expect(topics.map((topic) => known.topics.get(topic)?.partitions.length)).toEqual([3, 3, 1, 1]);
        if (expected.length === 0) await admin.createTopics({ topics: ['mine'], partitions: 1, replicas: 1 });
      });
      running.child.kill('SIGINT');
      expect(await running.ends()).toBe(0);
    }
  });

  it('refuses a port that is taken, a folder that is in use, and what it does not know', async () => {
    const first = start('0');
    const address = await first.says(/Kafka is at (\S+),/);
    const samePort = start(address.split(':')[1] ?? '');
    expect(await samePort.ends()).toBe(1);
    expect(samePort.said).toMatch(/^Port \d+ of 127.0.0.1 is taken\. Choose another with --port/);
    const sameFolder = start('0');
    expect(await sameFolder.ends()).toBe(1);
    expect(sameFolder.said).toContain('is in use by another broker');
    const unknown = new Running(main, '--prot', '1');
    expect(await unknown.ends()).toBe(1);
    expect(unknown.said).toMatch(/^Unknown option '--prot'/);
  });
});
