import type { Rule } from './rules.ts';
import { repeatedIn } from './repeated.ts';
import { WINDOW_TYPES } from './schema/windows.ts';

const EXAMPLES = {
  tumbling: 'tumbling: { size_secs: 300 }',
  sliding: 'sliding: { size_secs: 600, slide_secs: 60 }',
  session: 'session: { gap_secs: 300 }',
} as const;

/** Rules between keys of `windows`. */
export const windowRules: readonly Rule[] = [
  {
    reads: [['windows', 'default_type']],
    violations({ config: { windows }, show }) {
      const types = typeof windows.default_type === 'string' ? [] : windows.default_type;
      return repeatedIn(types).map(({ index, name }) => ({
        path: ['windows', 'default_type', index],
        message: `the window type ${show(name, 'windows', 'default_type', index)} is there twice`,
      }));
    },
  },
  ...WINDOW_TYPES.map((type): Rule => ({
    reads: [
      ['windows', 'default_type'],
      ['windows', type],
    ],
    violations({ config: { windows }, isGiven }) {
      const types = typeof windows.default_type === 'string' ? [windows.default_type] : windows.default_type;
      if (!types.includes(type) || windows[type] !== undefined) return [];
      const others = WINDOW_TYPES.filter((other) => windows[other] !== undefined);
      const message = isGiven('windows', 'default_type')
        ? `missing; default_type names ${type}: add a section such as ${EXAMPLES[type]}`
        : `missing; windows are ${type} unless default_type says otherwise: set default_type: ${others.join(', ')}, or add ${EXAMPLES[type]}`;
      return [{ path: ['windows', type], message }];
    },
  })),
];
