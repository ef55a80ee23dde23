import type { YAMLError } from 'yaml';

/**
 * What is wrong with the YAML, in plain words. Of the parser's own messages only those are used that never quote what
 * stands in the file. `rest` is the line from the fault on; only its first character is looked at.
 */
export function describeSyntaxError(error: YAMLError, rest: string): string {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'a tab indents this line; YAML is indented with spaces';
    case 'RESOURCE_EXHAUSTION':
      return 'nested too deeply';
    case 'TAG_RESOLVE_FAILED':
      return 'tags (!name) are not used in a configuration; write the value plainly, in quotes if it begins with !';
    case 'BAD_SCALAR_START':
      return 'a value that begins with this character must be put in quotes';
    case 'BAD_INDENT':
      return `not indented like the keys around it: ${error.message}`;
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'a value and further keys cannot stand together here: look for a missing line break or quote, or a wrong indentation';
    case 'UNEXPECTED_TOKEN':
      return rest.startsWith('{')
        ? 'not YAML: a `{` inside { } or [ ] must be in quotes, as in { port: "${PORT}" }'
        : 'not YAML: something here does not belong; look for a missing quote, comma or bracket';
    case 'MISSING_CHAR':
      return `not YAML: ${error.message.replace(/^M/, 'm')}`;
    case 'BAD_DQ_ESCAPE':
      return 'an escape (\\…) that YAML does not know; use single quotes, or write \\\\ for a backslash';
    case 'BAD_DIRECTIVE':
      return 'a directive (%…) that YAML does not know; put the value in quotes if it begins with %';
    default:
      return `not YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`;
  }
}
