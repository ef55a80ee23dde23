import { setTimeout as sleep } from 'node:timers/promises';
import { ChaosFailure } from './command-line.ts';
import { partitionOf, type Feed, type Given } from './feed.ts';
import { markerKey, markerOf, type Input, type InputRecord, type RequestInput } from './input.ts';

/** The id that the source gives its one partition. */
const PARTITION = 'http';
const BETWEEN_MS = 4;
const RETRY_MS = 30;

/** A request as it was sent once. Only those that were taken, or may have been. */
interface Attempt {
  readonly request: RequestInput;
  readonly number: number;
  readonly records: readonly InputRecord[];
  readonly isAnswered: boolean;
}

/** Taken, not taken, or nobody knows. */
type Outcome = 'taken' | 'refused' | 'unanswered';

/**
 * Posts requests, some side by side. One without an answer is sent again, as a client would; each attempt has an event with
 * a key of its own, so that the results tell which attempts were taken. What was answered with 202 (or 400, for those of
 * its events that are sound) must be.
 */
export class HttpFeed implements Feed {
  readonly source: Readonly<Record<string, unknown>>;
  readonly done: Promise<void>;
  readonly #input: Input;
  readonly #token: string;
  readonly #attempts: Attempt[] = [];
  readonly #stop = new AbortController();
  #allowed = 0;
  #url: string | undefined;
  wasToldFull = false;
  readonly knowsFiles = true;

  /** @param token by which a process of another round that has got the same port is told apart. */
  constructor(input: Input, token: string) {
    this.#input = input;
    this.#token = token;
    this.source = { type: 'http', token, buffer_events: 2000 };
    this.done = this.#send();
  }

  allow(share: number): void {
    this.#allowed = share;
  }

  connect(url: string | undefined): void {
    this.#url = url;
  }

  filesAreKnown(): void {
    // There are none.
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done.catch(() => undefined);
  }

  given(keys: ReadonlySet<string>): Given {
    const unanswered = this.#attempts.filter(({ isAnswered }) => !isAnswered);
    const isTaken = ({ request, number, isAnswered }: Attempt): boolean =>
      isAnswered || keys.has(markerKey(request, number));
    // What is no event is refused at the door, and is not in the stream.
    const records = this.#attempts
      .filter(isTaken)
      .flatMap((attempt) => attempt.records.filter(({ event }) => event !== null));
    const { partition } = partitionOf(PARTITION, records, (_, index) => index);
    return {
      partitions: [partition],
      deadLetters: [],
      ends: new Map([[PARTITION, [records.length, records.length]]]),
      unanswered: { sent: unanswered.length, taken: unanswered.filter(isTaken).length },
    };
  }

  async #send(): Promise<void> {
    const { requests, senders } = this.#input;
    for (let first = 0; first < requests.length; first += senders) {
      while (first >= this.#allowed * requests.length) {
        if (this.#stop.signal.aborted) return;
        await sleep(BETWEEN_MS);
      }
      await Promise.all(requests.slice(first, first + senders).map((request) => this.#sendUntilTaken(request)));
      if (this.#stop.signal.aborted) return;
      await sleep(BETWEEN_MS);
    }
  }

  async #sendUntilTaken(request: RequestInput): Promise<void> {
    let number = 0;
    while (!this.#stop.signal.aborted) {
      const url = this.#url;
      if (url === undefined) {
        await sleep(BETWEEN_MS);
        continue;
      }
      const marker = markerOf(this.#input, request, number);
      const records = [...request.records, marker];
      const outcome = await this.#post(url, records);
      if (outcome !== 'refused') {
        this.#attempts.push({ request, number, records, isAnswered: outcome === 'taken' });
        number += 1;
      }
      if (outcome === 'taken') return;
      await sleep(RETRY_MS);
    }
  }

  async #post(url: string, records: readonly InputRecord[]): Promise<Outcome> {
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${this.#token}` },
        body: records.map(({ text }) => text).join('\n'),
        signal: this.#stop.signal,
      });
      answer = await response.json().catch(() => null);
    } catch (error) {
      return wasRefusedAtOnce(error) ? 'refused' : 'unanswered';
    }
    // The status says it all; of a refusal that was cut off nobody knows how much was taken all the same.
    if (answer === null) return response.status === 202 ? 'taken' : 'unanswered';
    if (response.status === 401 || response.status === 429) return 'refused';
    if (response.status === 503) {
      this.wasToldFull ||= JSON.stringify(answer).includes('no room');
      return 'refused';
    }
    const sound = records.filter(({ event }) => event !== null).length;
    const accepted = (answer as { accepted?: number }).accepted;
    const wanted = sound === records.length ? 202 : 400;
    if (response.status === wanted && accepted === sound) return 'taken';
    const found = `${String(response.status)} ${JSON.stringify(answer)}`;
    throw new ChaosFailure(`a request of ${String(sound)} sound events was answered with ${found}`);
  }
}

/** True where nobody listened: then nobody has taken anything. */
function wasRefusedAtOnce(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
