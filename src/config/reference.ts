import { environmentName } from './environment.ts';
import { formatPath } from './located.ts';
import { rangeOf, typesOf, valuesOf } from './phrase.ts';
import { processorOutline, type Outline } from './schema/outline.ts';

const INTRODUCTION = `# Configuration reference

One YAML file (YAML 1.2, at most 1 MiB) with the root key \`processor\`. Every key has a default unless it says *required*;
an empty \`processor:\` is a demonstration that runs. \`processor validate --config FILE\` checks a file and reports
everything that is wrong at once, with line and column. \`processor config --config FILE\` shows every value in force and
where it comes from.

- **Environment.** Any key can be set by the variable named beside it, which wins over the file: \`PROCESSOR_\` and the
  path in capitals, levels joined with two underscores. Lists are written as JSON or separated by commas. An unknown
  \`PROCESSOR_…\` variable is an error.
- **Variables in values.** \`\${NAME}\` and \`\${NAME:-default}\` inside a value are replaced after parsing; \`$\${\` is a plain
  \`\${\`. Inside \`{ }\` or \`[ ]\` such a value needs quotes.
- **Secrets.** Values that came from a variable in the file, and keys named like a secret, are shown as \`***\` everywhere.
- **Seconds** may have fractions down to a millisecond. **Paths** are relative to the working directory.
`;

/** The reference page, made from the schema: \`docs/configuration.md\`. */
export function configurationReference(): string {
  const own = leavesIn(processorOutline);
  const parts = [INTRODUCTION, section('processor', ['processor'], processorOutline, own)];
  for (const [key, outline] of Object.entries(processorOutline.properties ?? {})) {
    if (outline.properties !== undefined) parts.push(...sections(['processor', key], outline));
    else if (outline.items?.oneOf !== undefined)
      parts.push(...variants(['processor', key], outline, outline.items.oneOf));
  }
  return `${parts.join('\n')}\n<!-- Generated from src/config/schema: "vitest run src/config -u" writes it anew. -->\n`;
}

function leavesIn(outline: Outline): readonly (readonly [string, Outline])[] {
  return Object.entries(outline.properties ?? {}).filter(([, below]) => below.properties === undefined);
}

/** A section, and those inside it. */
function sections(path: readonly string[], outline: Outline): readonly string[] {
  const below = Object.entries(outline.properties ?? {}).filter(([, inner]) => inner.properties !== undefined);
  return [
    section(formatPath(path.slice(1)), path, outline, leavesIn(outline)),
    ...below.flatMap(([key, inner]) => sections([...path, key], inner)),
  ];
}

function section(
  title: string,
  path: readonly string[],
  outline: Outline,
  leaves: readonly (readonly [string, Outline])[],
): string {
  const level = '#'.repeat(Math.min(4, Math.max(2, path.length)));
  const head = `${level} \`${title}\`\n\n${outline.description ?? ''}\n`;
  if (leaves.length === 0) return head;
  const rows = leaves.map(([key, leaf]) => row(key, leaf, outline, environmentName([...path, key])));
  return `${head}\n${TABLE_HEAD}\n${rows.join('\n')}\n`;
}

const TABLE_HEAD = '| key | type | default | meaning |\n| --- | --- | --- | --- |';

function row(key: string, leaf: Outline, parent: Outline, variable: string | undefined): string {
  const example = exampleOf(leaf);
  const meaning = [
    leaf.description ?? '',
    example === undefined ? '' : `Example: \`${example}\`.`,
    variable === undefined ? '' : `<br>\`${variable}\``,
  ].filter((part) => part !== '');
  return `| \`${key}\` | ${cell(typeOf(leaf))} | ${cell(defaultOf(key, leaf, parent))} | ${cell(meaning.join(' '))} |`;
}

/** A list whose entries come in several kinds, each told apart by its \`type\`. */
function variants(path: readonly string[], list: Outline, kinds: readonly Outline[]): readonly string[] {
  const title = formatPath(path.slice(1));
  const example = list.example === undefined ? '' : `\n\nExample: \`${yamlOf(list.example)}\`.`;
  const head = `## \`${title}\`\n\n${list.description ?? ''} Default: ${list.defaultText ?? 'none'}.${example}\n\n\`${environmentName(path)}\` takes the whole list as JSON.\n`;
  const tables = kinds.map((kind) => {
    const rows = rowsOfKind(kind);
    const type = String(kind.properties?.['type']?.const);
    return `### \`${title}[].type: ${type}\`\n\n${kind.description ?? ''}\n\n${TABLE_HEAD}\n${rows.join('\n')}\n`;
  });
  return [head, ...tables];
}

/** The keys of an entry; those of a section inside it with the section before them: `tls.mode`. */
function rowsOfKind(kind: Outline, prefix = ''): readonly string[] {
  return Object.entries(kind.properties ?? {}).flatMap(([key, below]) =>
    below.properties === undefined
      ? [row(prefix + key, below, kind, undefined)]
      : rowsOfKind(below, `${prefix}${key}.`),
  );
}

function typeOf(outline: Outline): string {
  const values = valuesOf(outline);
  if (values.length > 0) return values.map((value) => `\`${String(value)}\``).join(', ');
  const types = typesOf(outline).filter((type) => type !== 'null');
  if (outline.allowed !== undefined && (types.length > 1 || types[0] !== 'boolean')) return outline.allowed;
  const range = rangeOf(outline);
  const unit = outline.unit === undefined ? '' : `, ${outline.unit}`;
  switch (types[0]) {
    case 'integer':
      return `whole number${range}${unit}`;
    case 'number':
      return `number${range}${unit}`;
    case 'boolean':
      return '`true`, `false`';
    default:
      return 'text';
  }
}

function defaultOf(key: string, outline: Outline, parent: Outline): string {
  if (outline.defaultText !== undefined) return outline.defaultText;
  if (outline.default !== undefined) return `\`${yamlOf(outline.default)}\``;
  return parent.required?.includes(key.slice(key.lastIndexOf('.') + 1)) === true ? '*required*' : 'unset';
}

function exampleOf(outline: Outline): string | undefined {
  return outline.example === undefined ? undefined : yamlOf(outline.example);
}

/** A value as YAML in one line. */
function yamlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yamlOf).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, below]) => `${key}: ${yamlOf(below)}`)
      .join(', ')} }`;
  }
  return String(value);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
