import { ProcessorError } from '../errors/processor-error.ts';

const SURROGATE = /[\ud800-\udfff]/;
const SURROGATE_LEAD = 0xed;

const encoder = new TextEncoder();
// A byte order mark is a character like any other here: without ignoreBOM it would be dropped.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * UTF-8, but for characters beyond U+FFFF: each half of their surrogate pairs is written as three bytes of its own
 * (CESU-8), as are lone surrogates. So bytes sort as JavaScript's strings do, by UTF-16 code units, and different texts
 * never have the same bytes.
 */
export function encodeText(text: string): Uint8Array {
  if (!SURROGATE.test(text)) return encoder.encode(text);
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  return Uint8Array.from(bytes);
}

/** @throws ProcessorError STATE_CORRUPT for bytes that {@link encodeText} did not make. */
export function decodeText(bytes: Uint8Array): string {
  let text = '';
  let from = 0;
  // ed is never inside a character, and one that ed a0 or above begins is a surrogate.
  for (let at = bytes.indexOf(SURROGATE_LEAD); at !== -1; at = bytes.indexOf(SURROGATE_LEAD, at + 1)) {
    const [second = 0, third = 0] = bytes.subarray(at + 1, at + 3);
    if (second < 0xa0 || second > 0xbf || third < 0x80 || third > 0xbf) continue;
    text += decodeUtf8(bytes.subarray(from, at));
    text += String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f));
    from = at + 3;
  }
  return text + decodeUtf8(bytes.subarray(from));
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ProcessorError('state', 'STATE_CORRUPT', 'stored text is not valid UTF-8', { cause });
  }
}
