import type { Failure } from '../../../src/http/api/types.ts';

/**
 * Why there is no answer. `unreachable`: nobody answers, or not in time; `locked`: the token is missing or wrong; `refused`:
 * the processor has answered that it will not.
 */
export type ApiErrorKind = 'unreachable' | 'locked' | 'refused';

/** A request that has come to nothing. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ApiErrorKind;

  constructor(kind: ApiErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Gets what the processor has at a path below `/v1/`. */
export type GetJson = <T>(path: string, signal: AbortSignal) => Promise<T>;

const TIMEOUT_MS = 10_000;

/** Gets from the server that the page came from. `token` gives the one to send, if there is one. */
export function apiClient(token: () => string | null): GetJson {
  return async <T>(path: string, signal: AbortSignal): Promise<T> => {
    const given = token();
    const response = await send(path, given === null ? {} : { authorization: `Bearer ${given}` }, signal);
    if (response.status === 401) throw new ApiError('locked', await reasonOf(response));
    if (!response.ok) throw new ApiError('refused', await reasonOf(response));
    try {
      // The server is this page's own, and documents what it sends.
      return (await response.json()) as T;
    } catch {
      throw new ApiError('unreachable', 'the answer was cut short');
    }
  };
}

async function send(path: string, headers: HeadersInit, signal: AbortSignal): Promise<Response> {
  try {
    const url = new URL(`v1/${path}`, document.baseURI);
    const either = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    return await fetch(url, { headers, signal: either, cache: 'no-store' });
  } catch (error) {
    if (signal.aborted) throw error;
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    throw new ApiError('unreachable', isLate ? 'it does not answer' : 'it cannot be reached');
  }
}

async function reasonOf(response: Response): Promise<string> {
  try {
    return ((await response.json()) as Failure).error.message;
  } catch {
    return `it answers ${String(response.status)}`;
  }
}
