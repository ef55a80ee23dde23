/**
 * Colors of series, for light and for dark ground: after Okabe and Ito's, which people who see few colors can tell apart,
 * with the contrast to the ground that thin lines need.
 */
const PALETTE: readonly (readonly [light: string, dark: string])[] = [
  ['#0067b1', '#5cb3f0'],
  ['#b85a00', '#f2a541'],
  ['#007a5e', '#3ecfa0'],
  ['#a8458f', '#e596cd'],
  ['#7a6400', '#e3d04a'],
  ['#5a4fcf', '#aaa5ff'],
  ['#00798c', '#7adbe8'],
  ['#c0392b', '#ff8a7a'],
];

/** The strokes of series, so that they are told apart without their colors: of line and gap in turn, in pixels. */
const DASHES: readonly (readonly number[])[] = [
  [],
  [9, 4],
  [2, 3],
  [9, 3, 2, 3],
  [5, 2],
  [14, 4],
  [2, 6],
  [9, 3, 2, 3, 2, 3],
];

/** How many series can be told apart. */
export const MAX_SERIES = PALETTE.length;

/** The color of the n-th series. */
export function seriesColor(index: number, isDark: boolean): string {
  const [light, dark] = PALETTE[index % PALETTE.length] ?? ['#888', '#888'];
  return isDark ? dark : light;
}

/** The stroke of the n-th series; none is a whole line. */
export function seriesDash(index: number): readonly number[] {
  return DASHES[index % DASHES.length] ?? [];
}

/** A color with a given opacity, 0 to 1. */
export function faded(color: string, opacity: number): string {
  return `${color}${Math.round(opacity * 255)
    .toString(16)
    .padStart(2, '0')}`;
}
