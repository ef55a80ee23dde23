import { BYTE, isWhiteSpace } from '../framing/splitter.ts';
import { ValueScanner } from '../framing/value-scanner.ts';

/**
 * The bytes of the value of a member of a JSON object, as they were sent: parsing and printing again would change
 * numbers that a double cannot hold. Of a name that is there twice the last counts, as for `JSON.parse`. Undefined where
 * there is no such member. `bytes` must be a JSON object that `JSON.parse` accepts.
 */
export function memberBytes(bytes: Uint8Array, name: string): Uint8Array | undefined {
  const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let found: Uint8Array | undefined;
  let at = afterWhiteSpace(json, json.indexOf(BYTE.OPEN_BRACE) + 1);
  while (json[at] === BYTE.QUOTE) {
    const nameEnd = valueEnd(json, at);
    const member: unknown = JSON.parse(json.toString('utf8', at, nameEnd));
    const start = afterWhiteSpace(json, afterWhiteSpace(json, nameEnd) + 1);
    const end = valueEnd(json, start);
    if (member === name) found = json.subarray(start, end);
    at = afterWhiteSpace(json, end);
    if (json[at] === BYTE.COMMA) at = afterWhiteSpace(json, at + 1);
  }
  return found;
}

function afterWhiteSpace(json: Buffer, from: number): number {
  let at = from;
  while (isWhiteSpace(json[at])) at += 1;
  return at;
}

/** After the value that begins at `from`. */
function valueEnd(json: Buffer, from: number): number {
  const first = json[from];
  if (first === BYTE.QUOTE || first === BYTE.OPEN_BRACE || first === BYTE.OPEN_BRACKET) {
    const scanner = new ValueScanner();
    scanner.scan(json, from);
    return scanner.next;
  }
  let at = from;
  while (at < json.length && json[at] !== BYTE.COMMA && json[at] !== BYTE.CLOSE_BRACE && !isWhiteSpace(json[at]))
    at += 1;
  return at;
}
