import { nameOfPath } from '../event/field-path.ts';
import type { Rule } from './rules.ts';
import { repeatedIn } from './repeated.ts';

/** Rules between keys of `source`, `event` and `aggregation`. */
export const eventRules: readonly Rule[] = [
  {
    reads: [
      ['event', 'value'],
      ['event', 'values'],
    ],
    violations: ({ config: { event } }) =>
      event.value === undefined || event.values === undefined
        ? []
        : [
            {
              path: ['event', 'values'],
              message: 'not together with event.value; name one metric there, or all of them here',
            },
          ],
  },
  {
    reads: [['event', 'values']],
    violations({ config: { event } }) {
      const names = [...(event.values?.keys() ?? [])];
      if (event.values !== undefined && names.length === 0) {
        return [{ path: ['event', 'values'], message: 'expected at least one name with its field path, found none' }];
      }
      return names.includes('')
        ? [{ path: ['event', 'values', ''], message: 'a metric needs a name that is not empty' }]
        : [];
    },
  },
  {
    reads: [['event', 'key']],
    violations: ({ config: { event }, show }) =>
      repeatedIn(event.key.map(nameOfPath)).map(({ index, name }) => ({
        path: ['event', 'key', index],
        message: `the key field ${show(name, 'event', 'key', index)} is there twice`,
      })),
  },
  {
    reads: [
      ['source', 'type'],
      ['source', 'paths'],
    ],
    violations({ config: { source } }) {
      if (source.type === 'file' && source.paths === undefined) {
        return [
          {
            path: ['source', 'paths'],
            message: 'missing; a file source needs the files to read, such as [events/*.ndjson]',
          },
        ];
      }
      if (source.type === undefined && source.paths !== undefined) {
        return [{ path: ['source', 'paths'], message: 'files are only read by a file source; add source.type: file' }];
      }
      return [];
    },
  },
  {
    reads: [
      ['source', 'type'],
      ['http', 'enabled'],
    ],
    violations: ({ config: { source, http } }) =>
      source.type !== 'http' || http.enabled
        ? []
        : [
            {
              path: ['source', 'type'],
              message: 'a source of type http needs the HTTP server; set http.enabled: true',
            },
          ],
  },
  {
    reads: [['aggregation']],
    violations({ config: { aggregation }, show }) {
      const percentiles = repeatedIn(aggregation.percentiles.map(String)).map(({ index, name }) => ({
        path: ['aggregation', 'percentiles', index],
        message: `the percentile ${show(Number(name), 'aggregation', 'percentiles', index)} is there twice`,
      }));
      const aggregates = repeatedIn(aggregation.enabled).map(({ index, name }) => ({
        path: ['aggregation', 'enabled', index],
        message: `the aggregate ${show(name, 'aggregation', 'enabled', index)} is there twice`,
      }));
      return [...aggregates, ...percentiles];
    },
  },
];
