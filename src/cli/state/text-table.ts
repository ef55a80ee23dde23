import { fit, printable, widthOf } from '../../sinks/console/printable.ts';

/** A column of a {@link textTable}. */
export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** The widest that it gets; longer cells are cut. */
  readonly most?: number;
}

/** Rows under their titles, columns two spaces apart; no line ends in blanks. Cells cannot steer the terminal. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[], indent = ''): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => row.map(printable))];
  const widths = columns.map(({ most = Infinity }, index) =>
    Math.min(most, Math.max(...lines.map((line) => widthOf(line[index] ?? '')))),
  );
  return lines
    .map((line) =>
      columns.map(({ align = 'left' as const }, index) => fit(line[index] ?? '', widths[index] ?? 0, align)),
    )
    .map((cells) => `${indent}${cells.join('  ').trimEnd()}\n`)
    .join('');
}
