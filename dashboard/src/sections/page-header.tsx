import { useEffect, useState } from 'preact/hooks';
import { useConnection, usePage } from '../state/page-context.ts';
import { headlineOf } from '../state/headline.ts';
import { HealthBadge, type Health } from '../parts/health-mark.tsx';
import { ThemeButton } from './theme-button.tsx';

const LINKS = [
  ['overview', 'Overview'],
  ['traffic', 'Values'],
  ['keys', 'Keys'],
  ['picture', 'Pipeline'],
  ['windows', 'Windows'],
  ['left-out', 'Left out'],
  ['state', 'State'],
] as const;

/** The line at the top: what runs, how it is, and the means to hold the page still. */
export function PageHeader() {
  const { status } = useConnection();
  const name = status?.pipeline ?? '';
  const { health, word } = useBadge();
  useEffect(() => {
    document.title = name === '' ? 'processor' : `${word} · ${name}`;
  }, [name, word]);
  return (
    <header class="page-header">
      <div class="page-header-line">
        <h1>
          <img src="./icon.svg" width="24" height="24" alt="" />
          <span class="brand">processor</span>
          {name === '' ? null : <span class="pipeline-name">{name}</span>}
        </h1>
        <div role="status" aria-label="State of the processor">
          <HealthBadge health={health}>{word}</HealthBadge>
        </div>
        <div class="page-header-tools">
          <Heard />
          {status === null ? null : <PauseButton />}
          <ThemeButton />
        </div>
      </div>
      {status === null ? null : (
        <nav aria-label="Parts of the page">
          {LINKS.map(([id, title]) => (
            <a key={id} href={`#${id}`}>
              {title}
            </a>
          ))}
        </nav>
      )}
    </header>
  );
}

function PauseButton() {
  const { connection } = usePage();
  const { isPaused } = useConnection();
  return (
    <button type="button" class="button" aria-pressed={isPaused} onClick={() => connection.pause(!isPaused)}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={isPaused ? 'M4 2.5v11l9-5.5z' : 'M4 3h3v10H4zM9 3h3v10H9z'} />
      </svg>
      <span class="button-word">{isPaused ? 'Resume' : 'Pause'}</span>
    </button>
  );
}

function useBadge(): { readonly health: Health; readonly word: string } {
  const { phase, isPaused, status } = useConnection();
  if (phase === 'lost') return { health: 'failed', word: 'Disconnected' };
  if (phase === 'locked') return { health: 'unknown', word: 'Locked' };
  if (status === null) return { health: 'unknown', word: 'Connecting' };
  if (isPaused) return { health: 'unknown', word: 'Paused' };
  return headlineOf(status, null);
}

/** How old what is shown is, where that is not a matter of course. */
function Heard() {
  const { heardAt, isPaused, phase } = useConnection();
  const [now, setNow] = useState(() => Date.now());
  const isOld = isPaused || phase === 'lost';
  useEffect(() => {
    if (!isOld) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isOld]);
  if (heardAt === null) return null;
  if (!isOld) return <span class="heard is-live">Live</span>;
  return <span class="heard">{`as of ${String(Math.max(0, Math.round((now - heardAt) / 1000)))} s ago`}</span>;
}
