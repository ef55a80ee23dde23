import type { ComponentChildren } from 'preact';

/** What stands where there is nothing to show yet, and why. */
export interface PlaceholderProps {
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** Says in the place of what is missing what it waits for. */
export function Placeholder({ title, children }: PlaceholderProps) {
  return (
    <div class="placeholder">
      <p class="placeholder-title">{title}</p>
      {children === undefined ? null : <p>{children}</p>}
    </div>
  );
}

/** Takes the room of what is still being fetched. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <div class="placeholder" role="status">
      <p class="loading">Loading {what}</p>
    </div>
  );
}
