import { crc32 } from 'node:zlib';
import { join } from 'node:path';
import { ProcessorError } from '../../errors/processor-error.ts';
import { textOf, writeDurably, type Checksum } from './durable-files.ts';

/** Version of the layout of state folders and checkpoints. A later one is refused. */
export const LAYOUT_FORMAT = 1;

const MANIFEST = 'checkpoint.json';
const ID = /^[\dA-Za-z][\w.-]{0,199}$/;
/** The files of a database that a checkpoint holds; none of them can lead out of its folder. */
const FILE_NAME = /^(?:\d{6,20}\.(?:sst|log)|MANIFEST-\d{6,20}|CURRENT)$/;

/** A file of a checkpoint, in its folder `db`. */
export interface CheckpointFile extends Checksum {
  readonly name: string;
}

/** What a checkpoint says of itself. It is written last: a folder without it is no checkpoint. */
export interface CheckpointManifest {
  readonly format: number;
  readonly id: string;
  /** Which of the checkpoints of one folder it is, counted up: clocks can jump. */
  readonly number: number;
  /** In ms since 1970. */
  readonly createdAt: number;
  readonly files: readonly CheckpointFile[];
}

/** True for an id that a checkpoint may have: letters, digits, `.`, `_` and `-`, the first a letter or a digit. */
export function isCheckpointId(id: unknown): id is string {
  return typeof id === 'string' && ID.test(id);
}

function manifestText(manifest: CheckpointManifest): string {
  const { format, id, number, createdAt, files } = manifest;
  const listed = files.map(({ name, sizeBytes, crc32: sum }) => ({ name, sizeBytes, crc32: sum }));
  const content = { format, id, number, createdAt, files: listed };
  // The file as a whole has a checksum too, so that a changed date or name is noticed.
  return `${JSON.stringify({ ...content, checksum: crc32(JSON.stringify(content)) }, undefined, 2)}\n`;
}

/** Makes a folder a checkpoint. */
export async function writeManifest(folder: string, manifest: CheckpointManifest): Promise<void> {
  await writeDurably(join(folder, MANIFEST), manifestText(manifest));
}

/** The manifest of a checkpoint; undefined where the folder has none. @throws ProcessorError CHECKPOINT_CORRUPT. */
export async function readManifest(folder: string): Promise<CheckpointManifest | undefined> {
  const text = await textOf(join(folder, MANIFEST));
  if (text === undefined) return undefined;
  const refuse = (why: string): never => {
    throw new ProcessorError('state', 'CHECKPOINT_CORRUPT', `${join(folder, MANIFEST)} ${why}`);
  };
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return refuse('is not JSON: it was cut or altered');
  }
  if (typeof read !== 'object' || read === null) return refuse('is not an object: it was altered');
  const manifest = read as Partial<CheckpointManifest>;
  const { format, files } = manifest;
  if (typeof format === 'number' && format > LAYOUT_FORMAT && Number.isInteger(format)) {
    return refuse(`has the format ${format}; this version reads up to ${LAYOUT_FORMAT}`);
  }
  if (!isManifest(manifest) || manifestText(manifest) !== text) return refuse('was altered: its checksum is wrong');
  for (const { name } of files ?? []) if (!FILE_NAME.test(name)) return refuse(`names a file ${JSON.stringify(name)}`);
  return manifest;
}

function isManifest(read: Partial<CheckpointManifest>): read is CheckpointManifest {
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  return (
    isCheckpointId(read.id) &&
    isCount(read.number) &&
    Number.isFinite(read.createdAt) &&
    Array.isArray(read.files) &&
    read.files.every(
      (file: unknown) =>
        typeof file === 'object' &&
        file !== null &&
        'name' in file &&
        typeof file.name === 'string' &&
        'sizeBytes' in file &&
        isCount(file.sizeBytes) &&
        'crc32' in file &&
        isCount(file.crc32),
    )
  );
}
