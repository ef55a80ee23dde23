const ZERO = 0x30;
const DASH = 0x2d;
const COLON = 0x3a;
const DOT = 0x2e;
const PLUS = 0x2b;

const DAYS_IN_MONTH = new Uint8Array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
const DAY_MS = 86_400_000;
/** Length of `2023-11-16T18:17:03`. */
const SHORTEST = 19;

/**
 * Reads an RFC 3339 time from `bytes[start, end)` into `into[at]`, as an instant in ms; false, and nothing written,
 * where there is none. `T` or a space or either case of the letters; any number of fractional digits, cut to ms; a
 * missing zone is UTC. A leap second (`:60`, only at 23:59 UTC on the last day of a month) is the second after it,
 * as in POSIX time. Writes to a column because a double that is returned is boxed: this runs once per event.
 */
export function readRfc3339(bytes: Uint8Array, start: number, end: number, into: Float64Array, at: number): boolean {
  if (end - start < SHORTEST) return false;
  const century = twoDigits(bytes, start);
  const yearOfCentury = twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  const second = twoDigits(bytes, start + 17);
  // Any part that is not two digits is −1, and so is the union of all.
  if ((century | yearOfCentury | month | day | hour | minute | second) < 0) return false;
  if (!hasSeparators(bytes, start)) return false;
  const year = century * 100 + yearOfCentury;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return false;
  if (hour > 23 || minute > 59 || second > 60) return false;

  let next = start + SHORTEST;
  let millis = 0;
  if (next < end && bytes[next] === DOT) {
    const first = next + 1;
    next = first;
    let weight = 100;
    while (next < end) {
      const digit = bytes[next]! - ZERO; // next < end
      if (digit >>> 0 > 9) break;
      millis += digit * weight;
      weight = (weight / 10) | 0;
      next += 1;
    }
    if (next === first) return false;
  }
  const offset = next === end ? 0 : offsetMinutes(bytes, next, end);
  if (offset === NO_OFFSET) return false;
  const secondOfDay = hour * 3600 + (minute - offset) * 60 + second;
  const instant = daysSince1970(year, month, day) * DAY_MS + secondOfDay * 1000 + millis;
  if (second === 60 && !isFirstSecondOfMonth(instant)) return false;
  into[at] = instant;
  return true;
}

/** The number of two digits at `at`; −1 unless both are digits. The caller has made sure that both are there. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO; // checked by the caller
  const ones = bytes[at + 1]! - ZERO; // likewise
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? -1 : tens * 10 + ones;
}

function hasSeparators(bytes: Uint8Array, start: number): boolean {
  const between = bytes[start + 10]! | 0x20; // the length was checked; T and t are one, and a space stays a space
  return (
    bytes[start + 4] === DASH &&
    bytes[start + 7] === DASH &&
    bytes[start + 13] === COLON &&
    bytes[start + 16] === COLON &&
    (between === 0x74 || bytes[start + 10] === 0x20)
  );
}

const NO_OFFSET = 0x7fff;

/** Minutes east of UTC that the zone in `bytes[at, end)` stands for; NO_OFFSET where it is no zone. */
function offsetMinutes(bytes: Uint8Array, at: number, end: number): number {
  const sign = bytes[at]!; // at < end
  if ((sign | 0x20) === 0x7a) return at + 1 === end ? 0 : NO_OFFSET;
  if (end - at !== 6 || bytes[at + 3] !== COLON || (sign !== PLUS && sign !== DASH)) return NO_OFFSET;
  const hours = twoDigits(bytes, at + 1);
  const minutes = twoDigits(bytes, at + 4);
  if ((hours | minutes) < 0 || hours > 23 || minutes > 59) return NO_OFFSET;
  return sign === PLUS ? hours * 60 + minutes : -(hours * 60 + minutes);
}

function daysInMonth(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : DAYS_IN_MONTH[month]!; // month is 1 to 12
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"). */
function daysSince1970(year: number, month: number, day: number): number {
  // Years that begin in March put the leap day last. Counting from 400 years earlier keeps year 0 positive.
  const marchYear = (month <= 2 ? year - 1 : year) + 400;
  const cycle = (marchYear / 400) | 0;
  const yearOfCycle = marchYear - cycle * 400;
  const dayOfYear = (((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) | 0) + day - 1;
  const dayOfCycle = yearOfCycle * 365 + ((yearOfCycle / 4) | 0) - ((yearOfCycle / 100) | 0) + dayOfYear;
  return (cycle - 1) * 146_097 + dayOfCycle - 719_468;
}

function isFirstSecondOfMonth(instant: number): boolean {
  const date = new Date(instant);
  return (
    date.getUTCDate() === 1 && date.getUTCHours() === 0 && date.getUTCMinutes() === 0 && date.getUTCSeconds() === 0
  );
}
