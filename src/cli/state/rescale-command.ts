import { resolve, sep } from 'node:path';
import { rescale, type RescaleReport } from '../../runtime/rescale/rescale.ts';
import type { CliIo } from '../cli-io.ts';
import { EXIT_CODE, UsageError } from '../exit-code.ts';
import { formatBytes, formatCount } from '../quantity.ts';
import { instantText } from './inspection-text.ts';
import { openSourceFolder, putAllInPlace, TargetFolder, type OpenSourceFolder } from './rescale-folders.ts';
import { textTable } from './text-table.ts';

/** The options of `processor state rescale`. */
export interface RescaleOptions {
  readonly to: string;
  readonly from: readonly string[];
  readonly into: readonly string[];
  readonly name?: string;
  readonly debug?: boolean;
}

/**
 * `processor state rescale`: all new states are in their places when it resolves, or none is.
 * @throws UsageError for folders that make no sense; ProcessorError RESCALE_REFUSED and what else keeps it from that.
 */
export async function rescaleState(options: RescaleOptions, io: Pick<CliIo, 'stdout'>): Promise<number> {
  checkFolders(options);
  const sources: OpenSourceFolder[] = [];
  const targets: TargetFolder[] = [];
  try {
    for (const folder of options.into) targets.push(await TargetFolder.open(folder));
    for (const folder of options.from) sources.push(await openSourceFolder(folder));
    const report = await rescale({
      from: sources.map(({ source }) => source),
      into: targets,
      ...(options.name === undefined ? {} : { pipeline: options.name }),
    });
    await putAllInPlace(targets);
    io.stdout.write(reportText(report));
  } finally {
    for (const source of sources) await source.close();
    for (const target of targets) await target.clear();
  }
  return EXIT_CODE.done;
}

function checkFolders({ to, from, into }: RescaleOptions): void {
  if (!/^[1-9]\d{0,4}$/.test(to))
    throw new UsageError(`--to ${to}: expected how many instances there are to be, such as 3`);
  if (Number(to) !== into.length) {
    throw new UsageError(
      `--to ${to} asks for as many folders after --into, one for each instance, found ${String(into.length)}`,
    );
  }
  const paths = [...from, ...into].map((folder) => resolve(folder));
  for (const [i, path] of paths.entries()) {
    for (const other of paths.slice(0, i)) {
      if (path === other) throw new UsageError(`${path} is named twice; each state has a folder of its own`);
      if (!isInside(path, other) && !isInside(other, path)) continue;
      throw new UsageError(`of ${other} and ${path} one is inside the other; each state has a folder of its own`);
    }
  }
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

const RIGHT = { align: 'right' } as const;

function reportText({ pipeline, from, into, leftBehind }: RescaleReport): string {
  const old = textTable(
    [
      { title: 'From', ...RIGHT },
      { title: 'Epoch', ...RIGHT },
      { title: 'Partitions', ...RIGHT },
      { title: 'Watermark' },
      { title: 'Folder' },
    ],
    from.map(({ instance, epoch, partitions, watermark, name }) => [
      String(instance),
      formatCount(epoch),
      formatCount(partitions.length),
      instantText(watermark),
      name,
    ]),
  );
  const made = textTable(
    [
      { title: 'Into', ...RIGHT },
      { title: 'Windows', ...RIGHT },
      { title: 'Size', ...RIGHT },
      { title: 'Partitions', ...RIGHT },
      { title: 'Watermark' },
      { title: 'Folder' },
    ],
    into.map(({ instance, windows, bytes, partitions, watermark, name }) => [
      String(instance),
      formatCount(windows),
      formatBytes(bytes),
      formatCount(partitions.length),
      instantText(watermark),
      name,
    ]),
  );
  const left = leftBehind.map((line) => `left behind: ${line}\n`);
  return [
    `${pipeline}: the states of ${String(from.length)} instances are dealt out to ${String(into.length)}\n\n`,
    `${old}\n${made}\n`,
    ...(left.length === 0 ? [] : [...left, '\n']),
    `Start each instance with its number, instances: ${String(into.length)}, and its folder as state.path.\n`,
    'Start nothing on the old folders again, which are as they were: it would go on beside these.\n',
  ].join('');
}
