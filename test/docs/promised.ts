import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../checks/source-file.ts';

/** What an example says that it prints: the end of its first comment, behind "Prints:". */
export function promised(name: string): string {
  const text = readFileSync(join(ROOT, 'examples', name), 'utf8');
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
  const printed = comment.split(/^ \* Prints:\n/m)[1] ?? '';
  return printed.replaceAll(/^ \* ?/gm, '').trim();
}
