/** How something is, as a shape, a color and a word: none of them is needed to understand the others. */
export type Health = 'ok' | 'degraded' | 'failed' | 'unknown';

const MARKS: Readonly<Record<Health, string>> = {
  ok: 'M3 8.5l3.2 3.2L13 5',
  degraded: 'M8 4v5M8 12v.01',
  failed: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  unknown: 'M4 8h8',
};

/** The shape and color. */
export function HealthMark({ health }: { readonly health: Health }) {
  return (
    <svg class={`mark mark-${health}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <circle cx="8" cy="8" r="8" />
      <path d={MARKS[health]} />
    </svg>
  );
}

/** The shape, the color and a word. */
export function HealthBadge({ health, children }: { readonly health: Health; readonly children: string }) {
  return (
    <span class={`badge badge-${health}`}>
      <HealthMark health={health} />
      {children}
    </span>
  );
}
