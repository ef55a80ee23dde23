import { ProcessorError } from '../../errors/processor-error.ts';
import type { ScanOptions, StateEntry } from '../state-backend.ts';
import type { ScanPage } from './database.ts';
import { packList, unpackList } from './pack.ts';
import type { WorkerClient } from './worker-client.ts';

/** The reading half of a state that a worker has open. */
export class StateReader {
  readonly #name: string;
  #client: WorkerClient | undefined;
  #scans = 0;

  constructor(name: string) {
    this.#name = name;
  }

  attach(client: WorkerClient): void {
    this.#client = client;
  }

  /** The worker, which is not used any more. */
  detach(): WorkerClient | undefined {
    const client = this.#client;
    this.#client = undefined;
    return client;
  }

  /** @throws ProcessorError STATE_FAILED if there is none. */
  client(): WorkerClient {
    if (this.#client !== undefined) return this.#client;
    throw new ProcessorError('state', 'STATE_FAILED', `${this.#name} is not open`);
  }

  sizeBytes(): number {
    return this.#client?.sizeBytes ?? 0;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.getMany([key]))[0];
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const client = this.client();
    for (const key of keys) requireBytes(key);
    if (keys.length === 0) return [];
    const packed = packList(keys);
    return unpackList(await client.ask('getMany', packed, [packed]));
  }

  /** Asked for at once, so that later writes are not seen; a page is asked for while the one before it is used. */
  scan(prefix: Uint8Array, { after, limit }: ScanOptions): AsyncIterable<StateEntry> {
    const client = this.#client;
    const scan = ++this.#scans;
    const first =
      client === undefined
        ? Promise.resolve().then(() => this.client().ask('nextPage', scan))
        : client.ask('scan', {
            scan,
            prefix: prefix.slice(),
            ...(after === undefined ? {} : { after: after.slice() }),
            ...(limit === undefined ? {} : { limit }),
          });
    // Whoever never reads it is not to be told by an unhandled rejection.
    first.catch(() => {});
    return entriesOf(client, scan, first);
  }
}

async function* entriesOf(
  client: WorkerClient | undefined,
  scan: number,
  first: Promise<ScanPage>,
): AsyncIterable<StateEntry> {
  let isEnded = false;
  try {
    for (let coming: Promise<ScanPage> | undefined = first; coming !== undefined;) {
      const page: ScanPage = await coming;
      isEnded = page.isLast;
      coming = page.isLast ? undefined : client?.ask('nextPage', scan);
      coming?.catch(() => {});
      const list = unpackList(page.entries);
      for (let i = 0; i < list.length; i += 2) {
        const [key, value] = [list[i], list[i + 1]];
        if (key !== undefined && value !== undefined) yield { key, value };
      }
    }
  } catch (error) {
    isEnded = true;
    throw error;
  } finally {
    // The answer is of no use; it fails only where the scan has ended anyway.
    if (!isEnded) client?.ask('endScan', scan).catch(() => {});
  }
}

function requireBytes(key: unknown): void {
  if (!(key instanceof Uint8Array)) throw new ProcessorError('state', 'STATE_FAILED', 'a key must be a Uint8Array');
}
