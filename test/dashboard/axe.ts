import { source } from 'axe-core';
import type { Page } from 'playwright-core';

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
  }[];
}

/** Parts that the page has when it shows anything. */
export const SECTIONS = ['overview', 'traffic', 'keys', 'picture', 'windows', 'left-out', 'state'];

/** What axe finds on a page, of any weight: by all of its rules, or by those that are named. */
export async function axe(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  // The policy of the page lets no script in; whoever steers the browser may run one all the same.
  await page.evaluate(source);
  const { violations } = await page.evaluate(
    (only) =>
      (window as unknown as { axe: { run: (options: object) => Promise<AxeResult> } }).axe.run({
        resultTypes: ['violations'],
        ...(only === undefined ? {} : { runOnly: only }),
      }),
    rules,
  );
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${impact ?? ''} ${id} ${target.join(' ')} ${failureSummary ?? ''}`),
  );
}

/** What axe finds on a page as it is, light and dark; of the two only contrasts can differ. */
export async function axeInBothColors(page: Page): Promise<readonly string[]> {
  await page.emulateMedia({ colorScheme: 'light' });
  const found = await axe(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  return [...found, ...(await axe(page, ['color-contrast', 'link-in-text-block']))];
}
