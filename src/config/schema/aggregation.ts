import { z } from 'zod';
import { setting } from './setting.ts';

/** The built-in aggregates, by the names that results have. */
const AGGREGATES = ['count', 'sum', 'average', 'min', 'max', 'percentile', 'stddev', 'stddev_sample'] as const;

/** `processor.aggregation`: what is computed of each window. */
export const aggregationSchema = setting(
  z.strictObject({
    enabled: setting(
      z.array(z.enum(AGGREGATES)).min(1).default(['count', 'sum', 'average', 'min', 'max', 'percentile', 'stddev']),
      {
        description: 'The aggregates to compute. `stddev` divides by n, `stddev_sample` by n − 1.',
        allowed: `a list with at least one of ${AGGREGATES.join(', ')}`,
        example: ['count', 'average', 'percentile'],
      },
    ),
    percentiles: setting(
      z
        .array(setting(z.number().gt(0).max(100), { description: 'A percentile.' }))
        .min(1)
        .default([50, 95, 99]),
      {
        description:
          'The percentiles that `percentile` reports, 0 < p ≤ 100, decimals allowed: 99.9 is reported as `p99.9`.',
        allowed: 'a list of numbers > 0 and ≤ 100, such as [50, 95, 99.9]',
        example: [50, 95, 99.9],
      },
    ),
    percentile_method: setting(z.enum(['auto', 'exact', 'sketch']).default('auto'), {
      description:
        'Keep every value (`exact`), a sketch of bounded size (`sketch`), or values up to 1,024 and a sketch from there (`auto`).',
    }),
    relative_accuracy: setting(z.number().min(0.00001).lt(1).default(0.01), {
      description: 'How far a percentile of the sketch may be from the true value, relative to it.',
      example: 0.005,
    }),
  }),
  { description: 'What is computed of each window.' },
);
