import { messageOf } from '../errors/message-of.ts';
import { KafkaFault } from './kafka-fault.ts';

/** What TLS calls its errors: Node's own, OpenSSL's, and those of certificates. */
const TLS_CODE = /^(?:ERR_SSL|ERR_TLS|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO$)/;

/** What is read of an error of the library's, which names none of this in its types. */
interface LibraryError {
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly apiId?: unknown;
  readonly canRetry?: unknown;
  readonly serverErrorMessage?: unknown;
  readonly response?: unknown;
  readonly path?: unknown;
  /** Of an error of TLS: the name that was asked for, and the certificate. */
  readonly host?: unknown;
  readonly cert?: unknown;
  /** Of a certificate. */
  readonly subjectaltname?: unknown;
}

function fieldsOf(error: unknown): LibraryError {
  return typeof error === 'object' && error !== null ? error : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** An error and all that caused it, outermost first. */
function* chainOf(error: unknown): Generator<unknown> {
  for (let current = error; current !== undefined && current !== null; current = fieldsOf(current).cause) {
    yield current;
    const { errors } = fieldsOf(current);
    if (Array.isArray(errors)) for (const inner of errors) yield* chainOf(inner);
  }
}

/** The innermost error that says something: what Node or the broker had to say. */
function rootMessage(error: unknown): string {
  let message = messageOf(error);
  for (const inner of chainOf(error)) message = messageOf(inner) || textOf(fieldsOf(inner).code) || message;
  return withoutEnd(message);
}

/** More follows, so the last dot goes; and what Node advises about certificates is not what is to be done here. */
function withoutEnd(message: string): string {
  return message.replace(/; if the root CA is installed locally.*$/s, '').replace(/\.+$/, '');
}

/** What a broker has said of an error, or else what the library says of it. */
function saidOf(error: unknown): string {
  return withoutEnd(textOf(fieldsOf(error).serverErrorMessage) || messageOf(error));
}

/** The fault of a connection that did not come about. */
export function connectingFault(address: string, error: unknown): KafkaFault {
  if (error instanceof KafkaFault) return error;
  const reason = rootMessage(error);
  for (const inner of chainOf(error)) {
    const { code, apiId } = fieldsOf(inner);
    if (code === 'PLT_KFK_AUTHENTICATION') return loginFault(address, error);
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
      return new KafkaFault('tls', `${address}: ${otherNameOf(inner) ?? reason}`, { cause: error });
    }
    if (code === 'PLT_KFK_USER' || TLS_CODE.test(textOf(code))) {
      return new KafkaFault('tls', `${address}: ${reason}`, { cause: error });
    }
    if (typeof apiId === 'string') {
      return new KafkaFault('login', `${address}: ${saidOf(inner)}`, { code: apiId, cause: error });
    }
  }
  return new KafkaFault('unreachable', `${address}: ${reason}`, { cause: error });
}

/** The names of a certificate that has another than the one it was asked for; Node's own words leave most of them out. */
function otherNameOf(error: unknown): string | undefined {
  const { host, cert } = fieldsOf(error);
  const names = textOf(fieldsOf(cert).subjectaltname);
  return names === '' ? undefined : `the certificate is for ${names}, not for ${textOf(host)}`;
}

function loginFault(address: string, error: unknown): KafkaFault {
  for (const inner of chainOf(error)) {
    const { apiId } = fieldsOf(inner);
    if (typeof apiId !== 'string') continue;
    return new KafkaFault('login', `${address}: ${saidOf(inner)}`, { code: apiId, cause: error });
  }
  return new KafkaFault('login', `${address}: ${rootMessage(error)}`, { cause: error });
}

/** The fault of a request, called `api`, that failed on a connection that stood. */
export function requestFault(address: string, api: string, error: unknown): KafkaFault {
  if (error instanceof KafkaFault) return error;
  const { code, errors, response } = fieldsOf(error);
  if (code === 'PLT_KFK_RESPONSE' && Array.isArray(errors)) {
    const first: unknown = errors[0];
    const { apiId, canRetry } = fieldsOf(first);
    const message = `${address} answered ${api} with ${textOf(apiId)}: ${saidOf(first)}`;
    return new KafkaFault('answered', message, {
      code: textOf(apiId),
      canRetry: canRetry === true,
      response,
      cause: error,
    });
  }
  if (code === 'PLT_KFK_NETWORK') {
    return new KafkaFault('lost', `${address}: ${rootMessage(error)} before ${api} was answered`, { cause: error });
  }
  if (code === 'PLT_KFK_USER')
    return new KafkaFault('tls', `${address}: ${withoutEnd(messageOf(error))}`, { cause: error });
  const message = `${address}: what was answered to ${api} cannot be understood: ${rootMessage(error)}`;
  return new KafkaFault('incompatible', message, { cause: error });
}
