import { format } from 'prettier';
import { expect, it } from 'vitest';
import { environmentName } from './environment.ts';
import { configurationReference } from './reference.ts';
import { leavesOf } from './schema/outline.ts';

it('is what docs/configuration.md says (after a change of the schema: vitest run src/config -u)', async () => {
  const page = await format(configurationReference(), { parser: 'markdown', printWidth: 120 });
  await expect(page).toMatchFileSnapshot('../../docs/configuration.md');
});

it.each(leavesOf().map(({ path, outline }) => [path.join('.'), path, outline] as const))(
  'documents %s',
  (_, path, outline) => {
    expect(outline.description).toMatch(/^[A-Z`].*\.$/s);
    expect(outline.default ?? outline.defaultText ?? outline.example, 'a default or an example').toBeDefined();
    expect(configurationReference()).toContain(environmentName(path));
  },
);
