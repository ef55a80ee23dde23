import { normalize, resolve, sep } from 'node:path';
import type { ConfigPath } from './located.ts';
import type { Rule, Violation } from './rules.ts';
import { repeatedIn } from './repeated.ts';
import { identityOf } from './rules-of-sinks.ts';
import type { CheckedConfig } from './schema/processor.ts';

type Security = NonNullable<NonNullable<CheckedConfig['kafka']['consumer']>['security']>;

/** Rules between keys of `error_handling`, `late_events`, `sinks`, `state` and `kafka`. */
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
    reads: [
      ['source', 'type'],
      ['kafka', 'consumer'],
    ],
    violations: ({ config: { source, kafka } }) =>
      source.type !== 'kafka' || kafka.consumer !== undefined
        ? []
        : [
            {
              path: ['source', 'type'],
              message: 'a source of type kafka needs the section kafka.consumer, with bootstrap_servers and topics',
            },
          ],
  },
  {
    reads: [['sinks'], ['kafka', 'producer']],
    violations: ({ config: { sinks, kafka } }) =>
      kafka.producer !== undefined
        ? []
        : (sinks ?? []).flatMap(({ type }, index) =>
            type !== 'kafka'
              ? []
              : [
                  {
                    path: ['sinks', index, 'type'],
                    message:
                      'a sink of type kafka needs the section kafka.producer, with bootstrap_servers and result_topic',
                  },
                ],
          ),
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
    violations: ({ config }) => sharedFiles(config),
  },
  {
    reads: [['late_events'], ['kafka', 'producer']],
    violations({ config: { late_events: late, kafka } }) {
      if (late.topic !== null && late.path !== null) {
        return [
          {
            path: ['late_events', 'path'],
            message: 'not together with late_events.topic; late events go to one place',
          },
        ];
      }
      return late.topic === null || kafka.producer !== undefined
        ? []
        : [
            {
              path: ['late_events', 'topic'],
              message: 'a topic needs the section kafka.producer; without Kafka set late_events.path',
            },
          ];
    },
  },
  {
    reads: [['state']],
    violations: ({ config: { state } }) => (state.backend === 'memory' ? [] : entangled(state)),
  },
  {
    reads: [['kafka', 'consumer']],
    violations({ config: { kafka }, show }) {
      const { instance, instances } = kafka.consumer ?? { instance: 0, instances: 1 };
      return instance < instances
        ? []
        : [
            {
              path: ['kafka', 'consumer', 'instance'],
              message: `expected less than instances (${show(instances, 'kafka', 'consumer', 'instances')}), found ${show(instance, 'kafka', 'consumer', 'instance')}; the first is 0`,
            },
          ];
    },
  },
  ...(['consumer', 'producer'] as const).map((side): Rule => ({
    reads: [['kafka', side, 'security']],
    violations: ({ config: { kafka } }) => insecure(kafka[side]?.security, ['kafka', side, 'security']),
  })),
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

function sharedFiles({ sinks, late_events: late, error_handling: handling, kafka }: CheckedConfig): Violation[] {
  const used: Violation[] = [];
  const owners = new Map<string, string>();
  const claim = (path: string, key: ConfigPath): void => {
    const owner = owners.get(plainPath(path));
    if (owner !== undefined) used.push({ path: key, message: `expected a file of its own, found the one of ${owner}` });
    else owners.set(plainPath(path), key.join('.'));
  };
  // The key that has a default comes first, so that the error is at one that somebody has set.
  if (kafka.producer === undefined) claim(handling.dead_letter_path, ['error_handling', 'dead_letter_path']);
  if (late.path !== null) claim(late.path, ['late_events', 'path']);
  for (const path of owners.keys()) {
    const index = (sinks ?? []).findIndex((sink) => sink.type === 'file' && plainPath(sink.path) === path);
    if (index !== -1) claim(path, ['sinks', index, 'path']);
  }
  return used;
}

function insecure(security: Security | undefined, path: readonly string[]): readonly Violation[] {
  if (security === undefined) return [];
  const { protocol, sasl, ssl } = security;
  const violations: Violation[] = [];
  if (protocol.startsWith('SASL') && sasl === undefined) {
    violations.push({
      path: [...path, 'sasl'],
      message: `missing; protocol ${protocol} needs sasl.username and sasl.password`,
    });
  }
  if (!protocol.startsWith('SASL') && sasl !== undefined) {
    violations.push({ path: [...path, 'sasl'], message: `not with protocol ${protocol}; set protocol: SASL_SSL` });
  }
  if (!protocol.endsWith('SSL') && ssl !== undefined) {
    violations.push({
      path: [...path, 'ssl'],
      message: `not with protocol ${protocol}; set protocol: SSL or SASL_SSL`,
    });
  }
  if ((ssl?.cert === undefined) !== (ssl?.key === undefined)) {
    violations.push({ path: [...path, 'ssl'], message: 'a client certificate needs both cert and key' });
  }
  return violations;
}
