import { ProcessorError } from '../errors/processor-error.ts';
import { formatOrigin, formatPath, type ConfigPath, type Origin } from './located.ts';

/** One thing that is wrong with a configuration. */
export interface Finding {
  readonly origin: Origin;
  /** Empty where it concerns the file as a whole. */
  readonly path: ConfigPath;
  readonly message: string;
}

const LAYERS: readonly Origin['type'][] = ['file', 'environment', 'command-line', 'default'];

function compareOrigins(a: Origin, b: Origin): number {
  if (a.type === 'file' && b.type === 'file') return a.line - b.line || a.column - b.column;
  if (a.type === 'environment' && b.type === 'environment') return a.name < b.name ? -1 : Number(a.name > b.name);
  return LAYERS.indexOf(a.type) - LAYERS.indexOf(b.type);
}

/** The same findings by position: the file from top to bottom, then the environment, then the command line. */
function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => compareOrigins(a.origin, b.origin));
}

/** One line: `processor.yaml:12:5 processor.windows.size: unknown key; …`. */
export function formatFinding({ origin, path, message }: Finding): string {
  const place = origin.type === 'default' ? '' : formatOrigin(origin);
  const subject = [place, formatPath(path)].filter((part) => part !== '').join(' ');
  return subject === '' ? message : `${subject}: ${message}`;
}

/** The error that tells all findings, one a line, in order of position. */
export function configurationError(
  findings: readonly Finding[],
  code: 'CONFIG_INVALID' | 'CONFIG_UNREADABLE' = 'CONFIG_INVALID',
): ProcessorError<'configuration'> {
  const sorted = sortFindings(findings);
  const path = formatPath(sorted[0]?.path ?? []);
  return new ProcessorError('configuration', code, sorted.map(formatFinding).join('\n'), path === '' ? {} : { path });
}
