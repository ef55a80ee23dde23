import { inject, onTestFailed, onTestFinished } from 'vitest';
import { Broker, type BrokerOptions } from './broker.ts';
import type { SharedBroker } from './broker-service.ts';

/**
 * The broker of this run, started by whoever asks first. For the top of a file `NAME.kafka.test.ts`:
 * `const kafka = await sharedBroker();` and then `describe.skipIf(kafka.missing)(…)`; with TLS or SASL
 * `describe.skipIf(kafka.secure === undefined)(…)`. Topics need names of their own, see `topics.ts`.
 */
export async function sharedBroker(): Promise<SharedBroker> {
  const response = await fetch(inject('kafkaService'));
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as SharedBroker;
}

/**
 * Starts a broker that one test has for itself, to kill it, freeze it or configure it; gone with the test, and its log
 * is shown if that fails. Needs about 3 s. Outside of a test there is {@link Broker.start} and {@link Broker.remove}.
 */
export async function ownBroker(options?: BrokerOptions): Promise<Broker> {
  const broker = await Broker.start(options);
  onTestFailed(() => void process.stderr.write(`The end of the broker's log:\n${broker.logTail()}\n`));
  onTestFinished(() => broker.remove());
  return broker;
}
