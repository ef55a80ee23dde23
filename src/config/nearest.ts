import { distance } from 'fastest-levenshtein';

/** The candidate that a misspelt word is closest to; undefined where none is close enough to be meant. */
export function nearestTo(word: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(word);
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const name = plain(candidate);
    // `size` for `size_secs` is no misspelling, but means it.
    const far = wanted.length >= 3 && name.startsWith(wanted) ? 1 : distance(wanted, name);
    if (far < bestDistance) {
      best = candidate;
      bestDistance = far;
    }
  }
  return best;
}

/** Capitals and the choice of separator are slips that must not count as distance. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, '');
}
