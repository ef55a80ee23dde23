import { expect, it } from 'vitest';
import { loadKafkaLibrary } from './client-library.ts';

it.each(['20.19.0', '22.21.9', '18.0.0'])('on Node.js %s the client cannot run: that is said', async (version) => {
  await expect(loadKafkaLibrary(version)).rejects.toMatchObject({
    kind: 'incompatible',
    message: `Kafka needs Node.js 22.22 or newer, and this is ${version}`,
  });
});

it.each(['22.22.0', '24.6.0', process.versions.node])('on Node.js %s it is loaded', async (version) => {
  expect((await loadKafkaLibrary(version)).Connection).toBeTypeOf('function');
});
