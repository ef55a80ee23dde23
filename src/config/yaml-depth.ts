import { CST, Lexer } from 'yaml';

/**
 * Where brackets, or list items in one line, first nest deeper than `limit`; undefined where they do not. Asked before
 * parsing: the parser takes seconds for a million brackets, and then runs out of stack.
 */
export function offsetBeyondDepth(source: string, limit: number): number | undefined {
  let offset = source.startsWith(CST.BOM) ? 1 : 0;
  let brackets = 0;
  let itemsInLine = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(source)) {
    if (isScalar) isScalar = false;
    else if (token === CST.SCALAR) {
      isScalar = true;
      continue;
    } else if (token === CST.DOCUMENT || token === CST.FLOW_END || token === CST.BOM) continue;
    else if (token === '[' || token === '{') brackets += 1;
    else if (token === ']' || token === '}') brackets -= 1;
    else if (brackets === 0 && (token === '-' || token === '?' || token === ':')) itemsInLine += 1;
    else if (token.includes('\n')) itemsInLine = 0;
    if (brackets > limit || itemsInLine > limit) return offset;
    offset += token.length;
  }
  return undefined;
}
