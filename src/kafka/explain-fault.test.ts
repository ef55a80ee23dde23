import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { explainFault } from './explain-fault.ts';
import { joinedFault, KafkaFault, type KafkaFaultKind } from './kafka-fault.ts';
import { connectingFault, requestFault } from './library-errors.ts';

const explained = (kind: KafkaFaultKind, message: string, code?: string): ProcessorError =>
  explainFault('Kafka', new KafkaFault(kind, message, code === undefined ? {} : { code }), 'source');

describe('what a person is told', () => {
  it.each<[KafkaFaultKind, string, string | undefined, string, string]>([
    ['unreachable', 'a:1: connect ECONNREFUSED', undefined, 'KAFKA_UNREACHABLE', 'Check that Kafka runs'],
    ['unreachable', 'a:1: getaddrinfo ENOTFOUND a', undefined, 'KAFKA_UNREACHABLE', 'The name is not known here'],
    [
      'lost',
      'a:1: Connection closed before Metadata was answered',
      undefined,
      'KAFKA_UNREACHABLE',
      'wants encryption, a login or another certificate',
    ],
    ['tls', 'a:1: self-signed certificate in certificate chain', undefined, 'KAFKA_UNREACHABLE', 'Set security.ssl.ca'],
    [
      'tls',
      "a:1: Hostname/IP does not match certificate's altnames",
      undefined,
      'KAFKA_UNREACHABLE',
      'is for another name',
    ],
    [
      'tls',
      'a:1: ssl/tls alert certificate required',
      undefined,
      'KAFKA_UNREACHABLE',
      'asks for a certificate of the client',
    ],
    ['tls', 'a:1: certificate has expired', undefined, 'KAFKA_UNREACHABLE', 'is to be renewed'],
    ['tls', 'a:1: certificate is not yet valid', undefined, 'KAFKA_UNREACHABLE', 'the clock of this machine'],
    ['tls', 'a:1: something new', undefined, 'KAFKA_UNREACHABLE', 'Check security.ssl'],
    ['login', 'a:1: no', 'UNSUPPORTED_SASL_MECHANISM', 'KAFKA_DENIED', 'Set security.sasl.mechanism'],
    ['answered', 'no', 'GROUP_AUTHORIZATION_FAILED', 'KAFKA_DENIED', 'the permission Read on the consumer group'],
    ['answered', 'no', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'KAFKA_DENIED', 'on the transactional id'],
    ['answered', 'a:1 answered Fetch with X', 'CORRUPT_MESSAGE', 'SOURCE_FAILED', 'answered Fetch with X'],
    ['answered', 'of that name', '__proto__', 'SOURCE_FAILED', 'of that name'],
    [
      'incompatible',
      'a:1 does not speak version 12 of Metadata: it does not know it at all',
      undefined,
      'KAFKA_INCOMPATIBLE',
      'the port of a controller',
    ],
    [
      'incompatible',
      'a:1 does not speak version 12 of Metadata: it speaks 0 to 8',
      undefined,
      'KAFKA_INCOMPATIBLE',
      'Kafka 3.1 or newer',
    ],
    [
      'incompatible',
      'Kafka needs Node.js 22.22 or newer',
      undefined,
      'KAFKA_INCOMPATIBLE',
      'Kafka needs Node.js 22.22 or newer',
    ],
  ])('%s: %s (%s)', (kind, message, code, errorCode, part) => {
    const error = explained(kind, message, code);
    expect(error).toMatchObject({ kind: 'source', code: errorCode });
    expect(error.message).toContain(message);
    expect(error.message).toContain(part);
  });

  it('is left as it is where it is an error for a person already', () => {
    const error = new ProcessorError('configuration', 'CONFIG_INVALID', 'no');
    expect(explainFault('Kafka', error, 'sink')).toBe(error);
  });

  it('has the code of the side for what nobody expected', () => {
    expect(explainFault('Kafka', new Error('odd'), 'sink')).toMatchObject({
      kind: 'sink',
      code: 'SINK_FAILED',
      message: 'Kafka: odd',
    });
  });
});

describe('a fault', () => {
  it.each([
    ['NOT_LEADER_OR_FOLLOWER', { canRetry: true, isStaleLeader: true, isStaleCoordinator: false }],
    ['NOT_COORDINATOR', { canRetry: true, isStaleLeader: false, isStaleCoordinator: true }],
    ['TOPIC_AUTHORIZATION_FAILED', { canRetry: false, isStaleLeader: false, isStaleCoordinator: false }],
  ])('says what to look up anew: %s', (code, expected) => {
    const { canRetry, isStaleLeader, isStaleCoordinator } = new KafkaFault('answered', 'm', { code });
    expect({ canRetry, isStaleLeader, isStaleCoordinator }).toEqual(expected);
  });

  it('of several is of the kind that tells most, and says all', () => {
    const joined = joinedFault([
      new KafkaFault('unreachable', 'a away'),
      new KafkaFault('login', 'b refuses', { code: 'X' }),
    ]);
    expect(joined).toMatchObject({ kind: 'login', code: 'X', message: 'a away; b refuses' });
  });
});

describe('errors of the library', () => {
  const lib = (code: string, more: object = {}): Error => Object.assign(new Error(`says ${code}`), { code }, more);

  it.each([
    ['refused', lib('PLT_KFK_NETWORK', { cause: lib('ECONNREFUSED') }), 'unreachable'],
    ['of a certificate', lib('PLT_KFK_NETWORK', { cause: lib('CERT_HAS_EXPIRED') }), 'tls'],
    [
      'of a password',
      lib('PLT_KFK_NETWORK', {
        cause: lib('PLT_KFK_AUTHENTICATION', {
          cause: lib('PLT_KFK_RESPONSE', { errors: [lib('x', { apiId: 'SASL_AUTHENTICATION_FAILED' })] }),
        }),
      }),
      'login',
    ],
    ['of nothing known', 'text', 'unreachable'],
  ])('when connecting: %s', (_, error, kind) => {
    expect(connectingFault('a:1', error).kind).toBe(kind);
  });

  it('of a certificate for another name says which names are in it', () => {
    const cause = lib('ERR_TLS_CERT_ALTNAME_INVALID', {
      host: '127.0.0.1',
      cert: { subject: { CN: 'kafka' }, subjectaltname: 'DNS:kafka.example.com, DNS:kafka' },
    });
    const { kind, message } = connectingFault('127.0.0.1:1', lib('PLT_KFK_NETWORK', { cause }));
    expect(kind).toBe('tls');
    expect(message).toBe('127.0.0.1:1: the certificate is for DNS:kafka.example.com, DNS:kafka, not for 127.0.0.1');
    expect(explainFault('Kafka', connectingFault('127.0.0.1:1', cause), 'source').message).toContain(
      'use the name that is in it',
    );
  });

  it.each([
    ['a connection that closed', lib('PLT_KFK_NETWORK'), 'lost'],
    [
      'an answer with an error',
      lib('PLT_KFK_RESPONSE', { errors: [lib('x', { apiId: 'NOT_COORDINATOR', canRetry: true })], response: 1 }),
      'answered',
    ],
    ['an answer that is none', new RangeError('the answer ends early'), 'incompatible'],
    ['TLS that is wanted', lib('PLT_KFK_USER'), 'tls'],
  ])('of a request: %s', (_, error, kind) => {
    const fault = requestFault('a:1', 'Fetch', error);
    expect(fault.kind).toBe(kind);
    if (kind === 'answered') expect(fault).toMatchObject({ code: 'NOT_COORDINATOR', response: 1, canRetry: true });
  });
});
