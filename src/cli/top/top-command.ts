import type { CliIo } from '../cli-io.ts';
import { EXIT_CODE } from '../exit-code.ts';
import { addressOf, type ProcessorAddress } from '../processor-address.ts';
import { glance, NoGlance, type Glance, type KeyOrder } from './glance.ts';
import { screenOf } from './screen.ts';

/** Options of `processor top`. */
export interface TopOptions {
  readonly config?: string;
  readonly url?: string;
  readonly once?: boolean;
}

const INTERVAL_MS = 1000;
/** How long answers may take, in ms. */
const ANSWER_MS = 5000;
const ORDERS: readonly KeyOrder[] = ['volume', 'value', 'key'];
const ENTER_SCREEN = '\x1b[?1049h\x1b[?25l';
const LEAVE_SCREEN = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
/** Rows of what is written to something else than a terminal. */
const PLAIN_ROWS = 60;

type Io = Pick<CliIo, 'stdin' | 'stdout' | 'stderr' | 'environment' | 'clock' | 'onSignal'>;

/** Shows a running processor, live, until somebody leaves; once where there is no terminal, or where asked to. */
export async function topCommand(options: TopOptions, io: Io): Promise<number> {
  const place = await addressOf(options, io.environment);
  if (options.once === true || io.stdout.isTTY !== true || io.stdin.isTTY !== true) return lookOnce(place, io);
  return new LiveView(place, io).run();
}

async function lookOnce(place: ProcessorAddress, { stdout, stderr }: Io): Promise<number> {
  try {
    const seen = await glance({ ...place, sort: 'volume', signal: AbortSignal.timeout(ANSWER_MS) });
    const view = { columns: stdout.columns ?? 100, rows: PLAIN_ROWS, color: stdout.isTTY === true, fault: null };
    const lines = screenOf(seen, { ...view, sort: 'volume', paused: false }).slice(0, -1);
    stdout.write(
      `${lines
        .map((line) => line.trimEnd())
        .join('\n')
        .trimEnd()}\n`,
    );
    return EXIT_CODE.done;
  } catch (error) {
    if (!(error instanceof NoGlance)) throw error;
    stderr.write(`processor: ${error.message}\n`);
    return EXIT_CODE.failed;
  }
}

/** The screen, drawn anew every second and after every key. */
class LiveView {
  readonly #place: ProcessorAddress;
  readonly #io: Io;
  readonly #left = new AbortController();
  #seen: Glance | null = null;
  #fault: string | null = null;
  #sort: KeyOrder = 'volume';
  #paused = false;
  /** Ends the wait for the next second. */
  #wake = new AbortController();

  constructor(place: ProcessorAddress, io: Io) {
    this.#place = place;
    this.#io = io;
  }

  async run(): Promise<number> {
    const { stdin, stdout, clock, onSignal } = this.#io;
    const raw = stdin as typeof stdin & { setRawMode?: (isRaw: boolean) => void };
    const onKey = (typed: Uint8Array): void => this.#press(Buffer.from(typed).toString());
    const onResize = (): void => this.#draw();
    const forget = onSignal(() => this.#leave());
    stdout.write(ENTER_SCREEN);
    raw.setRawMode?.(true);
    stdin.on('data', onKey);
    stdout.on('resize', onResize);
    try {
      while (!this.#left.signal.aborted) {
        if (!this.#paused) await this.#look();
        this.#draw();
        this.#wake = new AbortController();
        await clock.sleep(INTERVAL_MS, this.#wake.signal);
      }
    } finally {
      forget();
      stdin.off('data', onKey);
      stdout.off('resize', onResize);
      raw.setRawMode?.(false);
      stdin.pause();
      stdout.write(LEAVE_SCREEN);
    }
    return EXIT_CODE.done;
  }

  async #look(): Promise<void> {
    const signal = AbortSignal.any([this.#left.signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      this.#seen = await glance({ ...this.#place, sort: this.#sort, signal });
      this.#fault = null;
    } catch (error) {
      if (!(error instanceof NoGlance)) throw error;
      // What was seen of a process that has gone would pass for what is.
      this.#seen = null;
      this.#fault = error.message;
    }
  }

  #draw(): void {
    if (this.#left.signal.aborted) return;
    const { stdout } = this.#io;
    const size = stdout as typeof stdout & { readonly rows?: number };
    const view = { columns: stdout.columns ?? 80, rows: size.rows ?? 24, color: true };
    const lines = screenOf(this.#seen, { ...view, sort: this.#sort, paused: this.#paused, fault: this.#fault });
    stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`);
  }

  #press(key: string): void {
    if (key === 'q' || key === '\x03' || key === '\x04' || key === '\x1b') this.#leave();
    else if (key === 'p' || key === ' ') this.#paused = !this.#paused;
    else if (key === 's') this.#sort = ORDERS[(ORDERS.indexOf(this.#sort) + 1) % ORDERS.length] ?? 'volume';
    this.#wake.abort();
  }

  #leave(): void {
    this.#left.abort();
    this.#wake.abort();
  }
}
