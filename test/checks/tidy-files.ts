import type { SourceFile } from './source-file.ts';

const BANNED_NAMES = /(?:^|\/)(?:utils?|helpers?|commons?|misc)(?:\/|\.|$)/i;
const UNDONE_WORK = /\b(?:TODO|FIXME|XXX|HACK)\b/;
const MACHINE_PATH = /(?<![\w.~}-])\/(?:work|home|Users|root|tmp)\/[\w.-]/;
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;
const PUBLIC_REGISTRY = 'https://registry.npmjs.org/';

/** A folder or file whose name says nothing about what it holds. */
export function nameViolations(path: string): string[] {
  return BANNED_NAMES.test(path) ? [`${path} has a name that says nothing`] : [];
}

function findInLines({ path, text }: SourceFile, pattern: RegExp): string[] {
  return text.split('\n').flatMap((line, index) => {
    const found = pattern.exec(line);
    return found === null ? [] : [`${path}:${index + 1} has ${found[0]}`];
  });
}

/** Paths that exist on one machine only. */
export function machinePathViolations(file: SourceFile): string[] {
  return findInLines(file, MACHINE_PATH);
}

/** Notes of work that was left for later. */
export function undoneWorkViolations(file: SourceFile): string[] {
  return findInLines(file, UNDONE_WORK);
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** Places in a lock file, other than the public registry, that packages would be fetched from. */
export function lockViolations(lock: unknown): string[] {
  const { packages } = lock as { packages: Record<string, { resolved?: unknown; version?: unknown }> };
  return Object.entries(packages).flatMap(([name, entry]) => {
    const places = stringsIn([entry.resolved, entry.version]).filter((text) => /^[a-z+]+:/i.test(text));
    return places.filter((place) => !place.startsWith(PUBLIC_REGISTRY)).map((place) => `${name} comes from ${place}`);
  });
}

/** Dependencies that are a range, a tag or a place, and not one version. */
export function versionViolations(manifest: unknown): string[] {
  const sections = ['dependencies', 'devDependencies', 'optionalDependencies'];
  return sections.flatMap((section) => {
    const wanted = (manifest as Record<string, Record<string, string> | undefined>)[section] ?? {};
    return Object.entries(wanted).flatMap(([name, version]) =>
      EXACT_VERSION.test(version) ? [] : [`${name} is asked for as ${version}, not as one version`],
    );
  });
}
