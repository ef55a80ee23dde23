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

/** Whoever commits an offset of a topic must be one who may read it. */
const OFFSETS_PERMISSION =
  'the permission Read on the topic of the results, for what was delivered is noted as an offset of it, or on a topic that is read';

/**
 * The error that a person is shown for what went wrong with Kafka: what was done, what happened, what to do. An error that is
 * a ProcessorError already stays as it is.
 */
export function explainFault(what: string, cause: unknown, side: KafkaSide): ProcessorError {
  if (ProcessorError.is(cause)) return cause;
  const failed = side === 'source' ? 'SOURCE_FAILED' : 'SINK_FAILED';
  if (!(cause instanceof KafkaFault))
    return new ProcessorError(side, failed, `${what}: ${messageOf(cause)}`, { cause });
  const { kind, message } = cause;
  const explained = (errorCode: ProcessorError['code'], advice: string): ProcessorError =>
    new ProcessorError(side, errorCode, `${what}: ${message}${advice === '' ? '' : `. ${advice}`}`, { cause });
  if (kind === 'unreachable' || kind === 'lost') return explained('KAFKA_UNREACHABLE', unreachableAdvice(cause));
  if (kind === 'tls') return explained('KAFKA_UNREACHABLE', tlsAdvice(message));
  if (kind === 'login') return explained('KAFKA_DENIED', loginAdvice(cause.code));
  if (kind === 'incompatible') return explained('KAFKA_INCOMPATIBLE', incompatibleAdvice(message));
  const permission = permissionOf(cause);
  if (permission !== undefined) return explained('KAFKA_DENIED', `The user lacks ${permission}`);
  return explained(failed, '');
}

/** The permission that is missing, in words; undefined where it is something else. */
function permissionOf({ code, message }: KafkaFault): string | undefined {
  if (code === 'TOPIC_AUTHORIZATION_FAILED' && message.includes('TxnOffsetCommit')) return OFFSETS_PERMISSION;
  return code === null || !Object.hasOwn(PERMISSIONS, code) ? undefined : PERMISSIONS[code];
}

/** The error of topics that do not exist, at least one, with the command that creates them. */
export function unknownTopicsError(
  topics: readonly string[],
  bootstrapServers: string,
  side: KafkaSide,
): ProcessorError {
  const [first = ''] = topics;
  const one = topics.length === 1;
  const names = topics.map((topic) => `"${topic}"`).join(', ');
  const said = one
    ? `the topic ${names} does not exist, or this user may not see it. To create it`
    : `the topics ${names} do not exist, or this user may not see them. To create one`;
  const command = `kafka-topics.sh --bootstrap-server ${bootstrapServers} --create --topic ${first} --partitions 12`;
  // What is read must have been written by somebody; what is written to may be made here.
  const other = side === 'sink' ? `; create_topics: true does it (createTopics, --create-topics)` : '';
  return new ProcessorError(side, 'KAFKA_TOPIC_UNKNOWN', `${said}: ${command}${other}`);
}

function unreachableAdvice({ message }: KafkaFault): string {
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) {
    return 'The name is not known here: check bootstrap_servers, and that advertised.listeners of the brokers are addresses that this machine can reach';
  }
  if (/before \w+ was answered/.test(message)) {
    return 'A broker that wants encryption, a login or another certificate of the client ends connections without a word: check security.protocol, and that this is a port of Kafka';
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
  if (/expired|not yet valid/i.test(message)) {
    return "The broker's certificate, or that of its authority, is to be renewed; or the clock of this machine is wrong";
  }
  if (/altname|does not match|is for /i.test(message))
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
