import { useEffect, useState } from 'preact/hooks';
import { useConnection, usePage } from '../state/page-context.ts';

/** Says that nothing is heard from the processor, why, and what happens next. */
export function ConnectionNotice() {
  const { connection } = usePage();
  const { phase, error, retryAt, status } = useConnection();
  if (phase !== 'lost') return null;
  const what =
    status === null ? 'There is nothing to show yet.' : 'What is shown is what it said last; it will go on by itself.';
  return (
    <div class="notice" role="alert">
      <p>
        <strong>No connection to the processor:</strong> {error ?? 'it does not answer'}. {what}
      </p>
      <p class="notice-action">
        <RetryIn at={retryAt} />
        <button type="button" class="button" onClick={() => connection.retry()}>
          Try now
        </button>
      </p>
    </div>
  );
}

function RetryIn({ at }: { readonly at: number | null }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = at === null ? 0 : Math.ceil((at - now) / 1000);
  // Not read out: a count that goes down would never let a screen reader come to rest.
  return <span aria-hidden="true">{seconds > 0 ? `Next attempt in ${String(seconds)} s` : 'Trying …'}</span>;
}
