/** The first bytes of a record, as text that can be shown anywhere. */
export interface BytePreview {
  /** Printable text; what is not printable, or not UTF-8, is escaped as `\n`, `\x1b`, `\u{202e}`, and `\` as `\\`. */
  readonly text: string;
  /** How many bytes the whole has. */
  readonly sizeBytes: number;
  /** True where the text is not all of it. */
  readonly isCut: boolean;
}

/** Control characters, invisible ones, separators of lines, lone surrogates, and the sign that begins an escape. */
const ESCAPED = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\\]/gu;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** The first `limit` bytes of a record, escaped. */
export function previewOf(bytes: Uint8Array, limit: number): BytePreview {
  const shown = bytes.subarray(0, limit);
  return { text: escapeBytes(shown), sizeBytes: bytes.length, isCut: shown.length < bytes.length };
}

/** Text where all of it is UTF-8, but for a character that the end has cut in two; else byte by byte. */
function escapeBytes(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
    return text.replace(ESCAPED, escapeCharacter);
  } catch {
    return Array.from(bytes, escapeByte).join('');
  }
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return NAMED[character] ?? (code < 0x100 ? hexByte(code) : `\\u{${code.toString(16)}}`);
}

function escapeByte(byte: number): string {
  const character = String.fromCodePoint(byte);
  return NAMED[character] ?? (byte >= 0x20 && byte < 0x7f ? character : hexByte(byte));
}

function hexByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
