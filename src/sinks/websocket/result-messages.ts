/** A message of type `results`: results as the text of JSON, with what it belongs to. */
export function resultsMessage(part: readonly string[], pipeline: string, epoch: number, sequence: number): string {
  const head = `{"type":"results","pipeline":${JSON.stringify(pipeline)},"epoch":${String(epoch)},"seq":${String(sequence)}`;
  return `${head},"results":[${part.join(',')}]}`;
}

/** What a peer may say: that it has all up to a message, or that it does not take one. */
export type PeerMessage =
  | { readonly type: 'ack'; readonly seq: number }
  | { readonly type: 'error'; readonly seq: number; readonly message: string };

const LONGEST_REASON = 500;

/** The message of a peer; undefined for what is none. */
export function parsePeerMessage(text: string): PeerMessage | undefined {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null || !('type' in said) || !('seq' in said)) return undefined;
  const { type, seq } = said;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) return undefined;
  if (type === 'ack') return { type, seq };
  if (type !== 'error') return undefined;
  const reason = 'message' in said && typeof said.message === 'string' ? said.message : 'no reason given';
  return { type, seq, message: reason.slice(0, LONGEST_REASON) };
}
