import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openApiDocument } from './openapi.ts';

const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};

it('is what docs/reference/openapi.yaml says (after a change of the shapes: vitest run src/http -u)', async () => {
  const text = stringify(document, { aliasDuplicateObjects: false, lineWidth: 120 });
  const page = await format(text, { parser: 'yaml', printWidth: 120, singleQuote: true });
  await expect(page).toMatchFileSnapshot('../../../docs/reference/openapi.yaml');
});

describe('the document', () => {
  it('refers to nothing that is not in it', () => {
    const text = JSON.stringify(document);
    const references = Array.from(text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g), (match) => match[1]);
    expect(references.length).toBeGreaterThan(20);
    for (const name of references) expect(document.components.schemas).toHaveProperty([String(name)]);
    expect(text).not.toContain('__shared');
  });

  it('names each operation once', () => {
    const names = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(names).toEqual([...new Set(names)]);
  });
});
