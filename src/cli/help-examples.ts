/** The end of a help page: commands as they are typed, and what each is for. */
export function examples(lines: readonly (readonly [command: string, meaning: string])[]): string {
  const text = lines.map(([command, meaning]) =>
    meaning === '' ? `  $ ${command}` : `  $ ${command}\n      ${meaning}`,
  );
  return `\nExamples:\n${text.join('\n')}`;
}
