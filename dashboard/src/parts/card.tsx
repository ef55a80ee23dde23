import type { ComponentChildren } from 'preact';

/** A part of the page with a heading of its own. */
export interface CardProps {
  readonly id: string;
  readonly title: string;
  /** A word beside the title, on what is in it. */
  readonly note?: ComponentChildren;
  /** What can be chosen, at the right of the title. */
  readonly controls?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** Draws it as a region that can be found by its heading. */
export function Card({ id, title, note, controls, children }: CardProps) {
  return (
    <section class="card" id={id} aria-labelledby={`${id}-title`}>
      <header class="card-header">
        <h2 id={`${id}-title`}>{title}</h2>
        {note === undefined ? null : <p class="card-note">{note}</p>}
        {controls === undefined ? null : <div class="card-controls">{controls}</div>}
      </header>
      {children}
    </section>
  );
}
