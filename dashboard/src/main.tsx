import { render } from 'preact';
import { apiClient } from './api/api-client.ts';
import { Page } from './page.tsx';
import { Connection } from './state/connection.ts';
import { storedToken } from './state/token.ts';
import { PageContext } from './state/page-context.ts';
import type { Status } from '../../src/http/api/types.ts';

/** Resolves after so many ms, or when `signal` aborts. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = Number.isFinite(ms) ? setTimeout(done, ms) : undefined;
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

const getJson = apiClient(storedToken);
const connection = new Connection({
  getStatus: (signal) => getJson<Status>('status', signal),
  now: () => Date.now(),
  wait,
});
void connection.run(new AbortController().signal);
// A laptop that was asleep, a network that is back: no need to wait for the next attempt.
window.addEventListener('online', () => connection.retry());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') connection.retry();
});

const root = document.getElementById('page');
if (root !== null) {
  render(
    <PageContext.Provider value={{ connection, getJson }}>
      <Page />
    </PageContext.Provider>,
    root,
  );
}
