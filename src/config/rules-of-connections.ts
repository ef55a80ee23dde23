import { normalize, resolve, sep } from 'node:path';
import type { ConfigPath } from './located.ts';
import type { Rule, RuleContext, Violation } from './rules.ts';
import { repeatedIn } from './repeated.ts';
import { identityOf } from './rules-of-sinks.ts';
import type { CheckedConfig } from './schema/processor.ts';

/** Rules between keys of `error_handling`, `late_events`, `sinks` and `state`. */
export const connectionRules: readonly Rule[] = [
  {
    reads: [['error_handling']],
    violations({ config: { error_handling: handling }, show }) {
      const { initial_retry_delay_ms: initial, max_retry_delay_ms: longest } = handling;
      return initial <= longest
        ? []
        : [
            {
              path: ['error_handling', 'initial_retry_delay_ms'],
              message: `expected at most max_retry_delay_ms (${show(longest, 'error_handling', 'max_retry_delay_ms')}), found ${show(initial, 'error_handling', 'initial_retry_delay_ms')}`,
            },
          ];
    },
  },
  {
    reads: [['sinks']],
    violations({ config: { sinks } }) {
      const names = (sinks ?? []).map((sink) =>
        sink.type === 'file' ? `file ${plainPath(sink.path)}` : identityOf(sink),
      );
      return repeatedIn(names).map(({ index }) => ({
        path: ['sinks', index],
        message: 'the same sink is there twice; every result would be written to it twice',
      }));
    },
  },
  {
    reads: [['sinks'], ['late_events'], ['error_handling', 'dead_letter_path'], ['kafka', 'producer']],
    violations: sharedFiles,
  },
  {
    reads: [['source'], ['sinks'], ['late_events'], ['error_handling', 'dead_letter_path'], ['kafka', 'producer']],
    violations: ({ config }) => (config.source.type === 'file' ? filesReadAgain(config) : []),
  },
  {
    reads: [['late_events']],
    violations: ({ config: { late_events: late } }) =>
      late.topic === null || late.path === null
        ? []
        : [
            {
              path: ['late_events', 'path'],
              message: 'not together with late_events.topic; late events go to one place',
            },
          ],
  },
  {
    reads: [['state']],
    violations: ({ config: { state } }) => (state.backend === 'memory' ? [] : entangled(state)),
  },
];

/** State and checkpoints each replace their folder as a whole: neither may stand in the other. */
function entangled({ path, checkpoint_path: checkpoints }: CheckedConfig['state']): readonly Violation[] {
  const [state, other] = [resolve(path), resolve(checkpoints)];
  const wrong = (message: string): readonly Violation[] => [{ path: ['state', 'checkpoint_path'], message }];
  if (state === other) return wrong('expected another folder than state.path');
  if (isInside(other, state)) return wrong('expected a folder outside of state.path, such as one beside it');
  return isInside(state, other) ? wrong('expected a folder that state.path is not in, such as one beside it') : [];
}

function isInside(inner: string, outer: string): boolean {
  return inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

/** `./a//b/` and `a/b` are the same. */
function plainPath(path: string): string {
  return normalize(path).replace(/(?<=.)\/$/, '');
}

/** What is written, with its keys. */
function filesOf({ sinks, late_events: late, error_handling: handling, kafka }: CheckedConfig): readonly WrittenFile[] {
  const deadLetters: WrittenFile = { path: handling.dead_letter_path, key: ['error_handling', 'dead_letter_path'] };
  return [
    ...(kafka.producer === undefined ? [deadLetters] : []),
    ...(late.path === null ? [] : [{ path: late.path, key: ['late_events', 'path'] }]),
    ...(sinks ?? []).flatMap((sink, index) =>
      sink.type === 'file' ? [{ path: sink.path, key: ['sinks', index, 'path'] }] : [],
    ),
  ];
}

interface WrittenFile {
  readonly path: string;
  readonly key: ConfigPath;
}

/** Results that are appended to the input would be its next events. */
function filesReadAgain(config: CheckedConfig): readonly Violation[] {
  const { paths = [] } = config.source;
  return filesOf(config).flatMap(({ path, key }) => {
    const reader = paths.find((each) => mayMatch(each, path));
    if (reader === undefined) return [];
    return [
      {
        path: key,
        message: `expected a file that is not read, found one of source.paths, by "${reader}"; write it elsewhere`,
      },
    ];
  });
}

/** Whether a path, or a pattern of asterisks and question marks, names a file. Patterns of other kinds are not judged. */
function mayMatch(pattern: string, path: string): boolean {
  const [read, written] = [resolve(pattern), resolve(path)];
  if (read === written) return true;
  if (!/[*?]/.test(read) || /[[\]{}()!]/.test(read)) return false;
  const source = read
    .replaceAll(/[.+^$|\\]/g, '\\$&')
    .replaceAll(/\*\*\/|\*\*?|\?/g, (sign) => ({ '**/': '(?:.*/)?', '**': '.*', '?': '[^/]' })[sign] ?? '[^/]*');
  return new RegExp(`^${source}$`).test(written);
}

function sharedFiles({ config }: RuleContext): readonly Violation[] {
  // The key that has a default comes first, so that the error is at one that somebody has set.
  const owners = new Map<string, string>();
  return filesOf(config).flatMap(({ path, key }) => {
    const owner = owners.get(plainPath(path));
    if (owner !== undefined) return [{ path: key, message: `expected a file of its own, found the one of ${owner}` }];
    // Two sinks of one file are told of by a rule of their own.
    if (key[0] !== 'sinks') owners.set(plainPath(path), key.join('.'));
    return [];
  });
}
