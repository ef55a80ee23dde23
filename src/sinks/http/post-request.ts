import { request as requestPlain, type Agent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestEncrypted } from 'node:https';

/** Of what a server has to say, this much is kept: enough to see what it is about. */
const KEPT_BYTES = 1024;

/** What is posted, and where. */
export interface PostRequest {
  readonly url: URL;
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** How it was answered. */
export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The beginning of the body, in one line. */
  readonly text: string;
}

/** Posts once. Redirects are not followed. Rejects where there is no answer, or `signal` aborts. */
export function post({ url, agent, headers, body, signal }: PostRequest): Promise<PostAnswer> {
  const send = url.protocol === 'https:' ? requestEncrypted : requestPlain;
  const length = String(Buffer.byteLength(body));
  return new Promise((resolve, reject) => {
    const request = send(url, { method: 'POST', agent, signal, headers: { ...headers, 'content-length': length } });
    request.once('error', reject);
    request.once('response', (response) => {
      beginningOf(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        reject,
      );
    });
    request.end(body);
  });
}

/** Reads the whole answer, so that the connection can be used again; one that is long is cut, connection and all. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > KEPT_BYTES) break; // Leaving the loop ends the response.
  }
  const text = Buffer.concat(chunks).subarray(0, KEPT_BYTES).toString();
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}
