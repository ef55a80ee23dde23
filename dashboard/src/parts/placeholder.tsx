import type { ComponentChildren } from 'preact';
import type { Resource } from '../state/use-resource.ts';
import { HealthMark } from './health-mark.tsx';

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

/** What is drawn of something that is fetched. */
export interface FetchedProps<T> {
  readonly resource: Resource<T>;
  /** What it is, in a word or two. */
  readonly what: string;
  readonly children: (data: T) => ComponentChildren;
}

/** Draws what was fetched; says so where it is on its way, or was refused. What was there before stays in sight. */
export function Fetched<T>({ resource: { data, error }, what, children }: FetchedProps<T>) {
  return (
    <>
      {error === null ? null : (
        <p class="refused" role="status">
          <HealthMark health="degraded" /> The processor does not give {what}: {error}. It is asked again.
        </p>
      )}
      {data === null ? error === null ? <Loading what={what} /> : null : children(data)}
    </>
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
