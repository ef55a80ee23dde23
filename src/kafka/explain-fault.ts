import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { KafkaFault } from './kafka-fault.ts';

/** Which side of a pipeline has to do with Kafka. */
export type KafkaSide = 'source' | 'sink';

/** What to do about errors of the protocol, by name. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'a permission on the topic: Read and Describe to read it, Write and Describe to write it',
  GROUP_AUTHORIZATION_FAILED: 'the permission Read on the consumer group',
  CLUSTER_AUTHORIZATION_FAILED: 'a permission on the cluster, such as Create or IdempotentWrite',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'the permissions Write and Describe on the transactional id',
};

/**
 * The error that a person is shown for what went wrong with Kafka: what was done, what happened, what to do. An error that is
 * a ProcessorError already stays as it is.
 */
export function explainFault(what: string, cause: unknown, side: KafkaSide): ProcessorError {
  if (ProcessorError.is(cause)) return cause;
  const failed = side === 'source' ? 'SOURCE_FAILED' : 'SINK_FAILED';
  if (!(cause instanceof KafkaFault))
    return new ProcessorError(side, failed, `${what}: ${messageOf(cause)}`, { cause });
  const { kind, code, message } = cause;
  const explained = (errorCode: ProcessorError['code'], advice: string): ProcessorError =>
    new ProcessorError(side, errorCode, `${what}: ${message}${advice === '' ? '' : `. ${advice}`}`, { cause });
  if (kind === 'unreachable' || kind === 'lost') return explained('KAFKA_UNREACHABLE', unreachableAdvice(cause));
  if (kind === 'tls') return explained('KAFKA_UNREACHABLE', tlsAdvice(message));
  if (kind === 'login') return explained('KAFKA_DENIED', loginAdvice(code));
  if (kind === 'incompatible') return explained('KAFKA_INCOMPATIBLE', incompatibleAdvice(message));
  const permission = code === null || !Object.hasOwn(PERMISSIONS, code) ? undefined : PERMISSIONS[code];
  if (permission !== undefined) return explained('KAFKA_DENIED', `The user lacks ${permission}`);
  return explained(failed, '');
}

/** The error of a topic that does not exist, with the command that creates it. */
export function unknownTopicError(topic: string, bootstrapServers: string, side: KafkaSide): ProcessorError {
  const command = `kafka-topics.sh --bootstrap-server ${bootstrapServers} --create --topic ${topic} --partitions 12`;
  const message = `the topic "${topic}" does not exist, or this user may not see it. To create it: ${command}`;
  return new ProcessorError(side, 'KAFKA_TOPIC_UNKNOWN', message);
}

function unreachableAdvice({ message }: KafkaFault): string {
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) {
    return 'The name is not known here: check bootstrap_servers, and that advertised.listeners of the brokers are addresses that this machine can reach';
  }
  if (/before \w+ was answered/.test(message)) {
    return 'A broker that wants encryption or a login ends connections without a word: check security.protocol, and that this is a port of Kafka';
  }
  return 'Check that Kafka runs, bootstrap_servers, and that advertised.listeners of the brokers are addresses that this machine can reach';
}

function tlsAdvice(message: string): string {
  if (/requires TLS/.test(message)) return 'Set security.protocol to SSL or SASL_SSL';
  if (/secure TLS connection was established|TLS handshake failed|wrong version number/.test(message)) {
    return 'The port may not be one with TLS: check bootstrap_servers and security.protocol';
  }
  if (/self.signed|unable to|issuer/i.test(message))
    return 'Set security.ssl.ca to the certificate of the authority that signed those of the brokers';
  if (/altname|does not match/i.test(message))
    return "The broker's certificate is for another name: use the name that is in it";
  if (/certificate.required|bad.certificate|handshake.failure/i.test(message)) {
    return 'The broker asks for a certificate of the client: set security.ssl.cert and security.ssl.key';
  }
  return 'Check security.ssl';
}

function incompatibleAdvice(message: string): string {
  if (/does not know it at all/.test(message))
    return 'This may be the port of a controller: use one that takes clients';
  return /Node\.js|npm/.test(message) ? '' : 'Kafka 3.1 or newer is needed';
}

function loginAdvice(code: string | null): string {
  if (code === 'ILLEGAL_SASL_STATE') return 'The port takes no login: use protocol PLAINTEXT or SSL, or another port';
  if (code === 'UNSUPPORTED_SASL_MECHANISM') return 'Set security.sasl.mechanism to one that the broker has enabled';
  return 'Check security.sasl: username, password and mechanism';
}
