import type { TestProject } from 'vitest/node';
import { BrokerService } from './broker-service.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where to ask for the shared broker, which is started by the first question. */
    readonly kafkaService: string;
  }
}

/** Offers the shared broker to a run of Vitest; a run without Kafka tests starts none. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const service = await BrokerService.listen((line) => process.stdout.write(`${line}\n`));
  project.provide('kafkaService', service.url);
  return async () => {
    const log = service.logTail();
    if (log !== '' && project.vitest.state.getCountOfFailedTests() > 0) {
      process.stderr.write(`The end of the shared broker's log:\n${log}\n`);
    }
    await service.close();
  };
}
