/** The listeners of a broker, each on a port of 127.0.0.1. */
export interface Ports {
  readonly controller: number;
  readonly plaintext: number;
  /** Absent for a broker that only speaks in the clear. */
  readonly secure?: { readonly ssl: number; readonly saslSsl: number; readonly saslPlaintext: number };
}

/** A user that the SASL listeners know. */
export interface User {
  readonly username: string;
  readonly password: string;
}

/** May do everything, as may whoever comes unencrypted or with a certificate in this name. */
export const PROCESSOR: User = { username: 'processor', password: 'processor-secret' };
/** Is let in, and then may do nothing but what a test grants. */
export const GUEST: User = { username: 'guest', password: 'guest-secret' };

/** Where the files lie that the properties name. */
export interface BrokerFiles {
  readonly data: string;
  /** PEM: key and certificate of the server. */
  readonly keystore: string;
  /** PEM: the authority that clients' certificates are verified by. */
  readonly truststore: string;
}

/** One node with little of everything, which starts in seconds. */
const SMALL: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  // A topic that does not exist is an error here: it is one on many clusters.
  'auto.create.topics.enable': 'false',
  'default.replication.factor': '1',
  'min.insync.replicas': '1',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  // Transactions that have outlived their time are aborted soon after.
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
  // A killed broker may come back only when its session has run out.
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '200',
  'num.network.threads': '2',
  'num.io.threads': '4',
  'background.threads': '2',
  'log.cleaner.dedupe.buffer.size': '4194304',
  'log.index.size.max.bytes': '1048576',
};

function jaas(module: string, options: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(options).map(([key, value]) => ` ${key}="${value}"`);
  return `org.apache.kafka.common.security.${module} required${pairs.join('')};`;
}

function saslProperties(listener: string, withPlain: boolean): Record<string, string> {
  const prefix = `listener.name.${listener}.`;
  const users = Object.fromEntries([PROCESSOR, GUEST].map(({ username, password }) => [`user_${username}`, password]));
  const scram = jaas('scram.ScramLoginModule');
  return {
    [`${prefix}sasl.enabled.mechanisms`]: `${withPlain ? 'PLAIN,' : ''}SCRAM-SHA-256,SCRAM-SHA-512`,
    [`${prefix}scram-sha-256.sasl.jaas.config`]: scram,
    [`${prefix}scram-sha-512.sasl.jaas.config`]: scram,
    ...(withPlain ? { [`${prefix}plain.sasl.jaas.config`]: jaas('plain.PlainLoginModule', users) } : {}),
  };
}

function secureProperties(files: BrokerFiles): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': files.keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': files.truststore,
    'ssl.client.auth': 'requested',
    ...saslProperties('sasl_ssl', true),
    ...saslProperties('sasl_plaintext', false),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': ['ANONYMOUS', PROCESSOR.username, `CN=${PROCESSOR.username}`]
      .map((name) => `User:${name}`)
      .join(';'),
  };
}

function listeners({ plaintext, secure }: Ports): string[] {
  const clear = [`PLAINTEXT://127.0.0.1:${plaintext}`];
  if (secure === undefined) return clear;
  return [
    ...clear,
    `SSL://127.0.0.1:${secure.ssl}`,
    `SASL_SSL://127.0.0.1:${secure.saslSsl}`,
    `SASL_PLAINTEXT://127.0.0.1:${secure.saslPlaintext}`,
  ];
}

/** The text of a broker's `server.properties`; `more` overrides what is set here. */
export function serverProperties(ports: Ports, files: BrokerFiles, more: Readonly<Record<string, string>>): string {
  const open = listeners(ports);
  const properties = {
    ...SMALL,
    'log.dirs': files.data,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: [...open, `CONTROLLER://127.0.0.1:${ports.controller}`].join(','),
    'advertised.listeners': open.join(','),
    'listener.security.protocol.map': ['CONTROLLER:PLAINTEXT', 'PLAINTEXT', 'SSL', 'SASL_SSL', 'SASL_PLAINTEXT']
      .map((name) => (name.includes(':') ? name : `${name}:${name}`))
      .join(','),
    ...(ports.secure === undefined ? {} : secureProperties(files)),
    ...more,
  };
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Arguments for the formatting of the data folder that make the users known to SCRAM. */
export function scramArguments(): string[] {
  return [PROCESSOR, GUEST].flatMap(({ username, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ]),
  );
}
