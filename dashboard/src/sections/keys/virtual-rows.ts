/** Which part of a long list is to be drawn, and which of it to be fetched. */
export interface VirtualRows {
  /** Index of the first row that is drawn. */
  readonly first: number;
  /** How many are drawn. */
  readonly count: number;
  /** Where to begin fetching, and how much: more than is drawn, in whole pages, so that scrolling a little fetches nothing. */
  readonly offset: number;
  readonly limit: number;
}

/** Rows drawn above and below what is in sight. */
const BEYOND = 6;
const PAGE = 50;

/** The part of a list of `total` rows that is in sight at a place of its scroll box. */
export function rowsInSight(scrollTop: number, boxHeight: number, rowHeight: number, total: number): VirtualRows {
  const inSight = Math.ceil(boxHeight / rowHeight) + 1;
  const last = Math.max(0, total - inSight);
  const at = Math.min(last, Math.max(0, Math.floor(scrollTop / rowHeight)));
  const first = Math.max(0, at - BEYOND);
  const count = Math.min(total - first, at - first + inSight + BEYOND);
  const offset = Math.floor(first / PAGE) * PAGE;
  const limit = Math.ceil((first + Math.max(1, count) - offset) / PAGE) * PAGE;
  return { first, count: Math.max(0, count), offset, limit };
}
