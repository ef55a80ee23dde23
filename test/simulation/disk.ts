import type { SimulatedProcess } from './process.ts';
import type { Random } from './random.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What was done to a file since it was last synced. */
type FileChange =
  { readonly type: 'append'; readonly bytes: Bytes } | { readonly type: 'truncate'; readonly length: number };

interface StoredFile {
  /** What a power loss leaves. */
  synced: Bytes;
  changes: FileChange[];
  /** With all changes. */
  current: Bytes;
}

/** What was done to the folder in one go: names that came, went or changed hands. */
type NameChange = readonly (readonly [name: string, file: StoredFile | undefined])[];

const NO_BYTES: Bytes = new Uint8Array(0);

function concat(left: Bytes, right: Uint8Array): Bytes {
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
}

/**
 * A folder of one disk: what is written there lives on in the cache until it is synced. Losing the process leaves all of
 * it; losing the power leaves what was synced, and of the rest what the disk happened to write, the last of it torn.
 */
export class Platter {
  readonly #names = new Map<string, StoredFile>();
  readonly #syncedNames = new Map<string, StoredFile>();
  #nameChanges: NameChange[] = [];

  names(): readonly string[] {
    return [...this.#names.keys()].toSorted();
  }

  read(name: string): Uint8Array | undefined {
    return this.#names.get(name)?.current.slice();
  }

  create(name: string): void {
    this.#changeNames([[name, { synced: NO_BYTES, changes: [], current: NO_BYTES }]]);
  }

  append(name: string, bytes: Uint8Array): void {
    const file = this.#file(name);
    const copy = new Uint8Array(bytes);
    file.changes.push({ type: 'append', bytes: copy });
    file.current = concat(file.current, copy);
  }

  truncate(name: string, length: number): void {
    const file = this.#file(name);
    file.changes.push({ type: 'truncate', length });
    file.current = file.current.slice(0, length);
  }

  sync(name: string): void {
    const file = this.#file(name);
    file.synced = file.current;
    file.changes = [];
  }

  rename(from: string, to: string): void {
    this.#changeNames([
      [to, this.#file(from)],
      [from, undefined],
    ]);
  }

  remove(name: string): void {
    if (this.#names.has(name)) this.#changeNames([[name, undefined]]);
  }

  syncNames(): void {
    this.#syncedNames.clear();
    for (const [name, file] of this.#names) this.#syncedNames.set(name, file);
    this.#nameChanges = [];
  }

  /** Another disk with the same on it, written or not: what a machine finds that takes the place of another. */
  clone(): Platter {
    const copies = new Map<StoredFile, StoredFile>();
    const copyOf = (file: StoredFile): StoredFile => {
      let copy = copies.get(file);
      if (copy === undefined) copies.set(file, (copy = { ...file, changes: [...file.changes] }));
      return copy;
    };
    const clone = new Platter();
    for (const [name, file] of this.#names) clone.#names.set(name, copyOf(file));
    for (const [name, file] of this.#syncedNames) clone.#syncedNames.set(name, copyOf(file));
    clone.#nameChanges = this.#nameChanges.map((change) =>
      change.map(([name, file]) => [name, file === undefined ? undefined : copyOf(file)] as const),
    );
    return clone;
  }

  /** The power goes, and comes back. Changes reach the disk in their order, up to any of them. */
  losePower(random: Random): void {
    this.#names.clear();
    for (const [name, file] of this.#syncedNames) this.#names.set(name, file);
    for (const change of this.#nameChanges.slice(0, random.int(0, this.#nameChanges.length))) this.#apply(change);
    this.syncNames();
    for (const file of new Set(this.#names.values())) loseCache(file, random);
  }

  /** Changes one bit, or cuts the file if that may be, behind everyone's back. */
  damage(name: string, random: Random, mayCut: boolean): void {
    const file = this.#file(name);
    const bytes = file.current.slice();
    const at = random.int(0, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(0, 7));
    file.current = mayCut && random.chance(0.25) ? bytes.slice(0, at) : bytes;
    file.synced = file.current;
    file.changes = [];
  }

  #changeNames(change: NameChange): void {
    this.#nameChanges.push(change);
    this.#apply(change);
  }

  #apply(change: NameChange): void {
    for (const [name, file] of change) {
      if (file === undefined) this.#names.delete(name);
      else this.#names.set(name, file);
    }
  }

  #file(name: string): StoredFile {
    const file = this.#names.get(name);
    if (file === undefined) throw new Error(`there is no file ${name}`);
    return file;
  }
}

function loseCache(file: StoredFile, random: Random): void {
  const kept = random.int(0, file.changes.length);
  let bytes = file.synced;
  for (const [i, change] of file.changes.slice(0, kept).entries()) {
    if (change.type === 'truncate') bytes = bytes.slice(0, change.length);
    else bytes = concat(bytes, i === kept - 1 ? torn(change.bytes, random) : change.bytes);
  }
  file.synced = bytes;
  file.current = bytes;
  file.changes = [];
}

/** A write that was under way: whole, cut, or with what was on the disk before in its place. */
function torn(bytes: Bytes, random: Random): Bytes {
  if (random.chance(0.3)) return bytes;
  const at = random.int(0, bytes.length);
  if (random.chance(0.5)) return bytes.slice(0, at);
  const whole = bytes.slice();
  whole.fill(0, at);
  return whole;
}

/** There is no room left on the disk. */
export class DiskFull extends Error {
  override readonly message = 'no space left on device';
}

/** Faults planted in a disk, for tests of the simulation itself. */
export interface DiskFaults {
  readonly skipsSync?: boolean;
}

/** A platter as a process sees it. Each call is a step; without a process it is done at once. */
export class Disk {
  readonly #platter: Platter;
  readonly #process: SimulatedProcess | undefined;
  readonly #name: string;
  readonly #isFull: () => boolean;
  readonly #faults: DiskFaults;

  constructor(
    platter: Platter,
    name = 'disk',
    process?: SimulatedProcess,
    isFull: () => boolean = () => false,
    faults: DiskFaults = {},
  ) {
    this.#platter = platter;
    this.#name = name;
    this.#process = process;
    this.#isFull = isFull;
    this.#faults = faults;
  }

  names(): Promise<readonly string[]> {
    return this.#step('list', () => this.#platter.names());
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#step('read', () => this.#platter.read(name));
  }

  create(name: string): Promise<void> {
    return this.#step('create', () => {
      if (this.#isFull()) throw new DiskFull();
      this.#platter.create(name);
    });
  }

  /** May write a part before it finds the disk full. */
  append(name: string, bytes: Uint8Array): Promise<void> {
    return this.#step('append', () => {
      if (!this.#isFull()) {
        this.#platter.append(name, bytes);
        return;
      }
      const part = this.#process?.world.random.int(0, bytes.length) ?? 0;
      this.#platter.append(name, bytes.subarray(0, part));
      throw new DiskFull();
    });
  }

  truncate(name: string, length: number): Promise<void> {
    return this.#step('truncate', () => this.#platter.truncate(name, length));
  }

  sync(name: string): Promise<void> {
    return this.#step('sync', () => {
      if (this.#faults.skipsSync !== true) this.#platter.sync(name);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#step('rename', () => this.#platter.rename(from, to));
  }

  remove(name: string): Promise<void> {
    return this.#step('remove', () => this.#platter.remove(name));
  }

  syncNames(): Promise<void> {
    return this.#step('sync folder', () => this.#platter.syncNames());
  }

  async #step<T>(what: string, effect: () => T): Promise<T> {
    if (this.#process === undefined) return effect();
    return this.#process.call(`${this.#name} ${what}`, effect, 5);
  }
}
