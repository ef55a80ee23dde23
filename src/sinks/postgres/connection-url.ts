import { ProcessorError } from '../../errors/processor-error.ts';
import type { PostgresConnection, PostgresTls } from './postgres-options.ts';

const MODES: ReadonlySet<string> = new Set(['disable', 'require', 'verify-ca', 'verify-full']);
const PARAMETERS = ['host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'application_name'] as const;

/**
 * The connection that a URL describes: `postgres://user:password@host:5432/database?sslmode=verify-full`.
 * @throws ProcessorError CONFIG_INVALID; its message never holds the URL, for there may be a password in it.
 */
export function parseConnectionUrl(url: string): PostgresConnection {
  const parsed = /^postgres(?:ql)?:\/\//i.test(url) && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) {
    throw invalid('the URL of a Postgres sink is one such as postgres://user:password@host:5432/database');
  }
  const parameters = parametersOf(parsed.searchParams);
  const host = parameters.host ?? decoded(parsed.hostname.replace(/^\[(.*)\]$/, '$1'));
  const database = decoded(parsed.pathname.slice(1));
  const tls = tlsOf(parameters);
  return {
    ...(host === '' ? {} : { host }),
    ...(parsed.port === '' ? {} : { port: Number(parsed.port) }),
    ...(database === '' ? {} : { database }),
    ...(parsed.username === '' ? {} : { user: decoded(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decoded(parsed.password) }),
    ...(tls === undefined ? {} : { tls }),
    ...(parameters.application_name === undefined ? {} : { applicationName: parameters.application_name }),
  };
}

type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>;

function parametersOf(given: URLSearchParams): Parameters {
  const parameters: Parameters = {};
  for (const [name, value] of given) {
    const known = PARAMETERS.find((parameter) => parameter === name);
    if (known === undefined) {
      const found = JSON.stringify(name);
      throw invalid(`the URL of a Postgres sink takes ${PARAMETERS.join(', ')} behind its "?", found ${found}`);
    }
    parameters[known] = value;
  }
  return parameters;
}

function tlsOf({ sslmode: mode, sslrootcert: ca, sslcert: cert, sslkey: key }: Parameters): PostgresTls | undefined {
  if (mode === undefined && ca === undefined && cert === undefined && key === undefined) return undefined;
  if (mode !== undefined && !isMode(mode)) {
    const found = JSON.stringify(mode);
    throw invalid(`the sslmode of a Postgres sink is one of ${[...MODES].join(', ')}; found ${found}`);
  }
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function isMode(mode: string): mode is NonNullable<PostgresTls['mode']> {
  return MODES.has(mode);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('the URL of a Postgres sink has a "%" in it that begins no percent-encoded character; write %25');
  }
}

function invalid(message: string): ProcessorError {
  return new ProcessorError('configuration', 'CONFIG_INVALID', message);
}
