import { useRef } from 'preact/hooks';
import { useConnection, usePage } from '../state/page-context.ts';
import { storeToken } from '../state/token.ts';

/** Asks for the token of the server. */
export function TokenForm() {
  const { connection } = usePage();
  const { isTokenWrong } = useConnection();
  const input = useRef<HTMLInputElement>(null);
  const unlock = (event: Event): void => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? '';
    if (token === '') return;
    storeToken(token);
    connection.unlock();
  };
  return (
    <section class="card token-form" aria-labelledby="token-title">
      <h2 id="token-title">This processor asks for its token</h2>
      <p>
        It is <code>http.token</code> of its configuration. It stays in this tab, and is forgotten when the tab is
        closed.
      </p>
      <form onSubmit={unlock}>
        <label for="token">Token</label>
        <input
          id="token"
          ref={input}
          type="password"
          autocomplete="current-password"
          required
          aria-invalid={isTokenWrong}
          aria-describedby={isTokenWrong ? 'token-wrong' : undefined}
        />
        <button type="submit" class="button button-main">
          Unlock
        </button>
        {isTokenWrong ? (
          <p id="token-wrong" class="error" role="alert">
            That is not the token of this processor.
          </p>
        ) : null}
      </form>
    </section>
  );
}
