import type { ErrorCode } from './codes.ts';

/** The part of the system an error belongs to: the discriminant of {@link ProcessorError}. */
export type ProcessorErrorKind =
  | 'configuration'
  | 'window-assignment'
  | 'aggregation'
  | 'watermark'
  | 'decode'
  | 'state'
  | 'source'
  | 'sink'
  | 'internal';

/** What an error may carry besides its message. */
export interface ProcessorErrorOptions {
  /** What went wrong underneath; kept as the standard `cause`. */
  readonly cause?: unknown;
  /** Path of the configuration key or event field that is at fault. */
  readonly path?: string;
}

/**
 * The only error that the processor throws. `kind` says where, `code` says what (stable across versions,
 * one list in `codes.ts`), `message` says it to a person, `cause` keeps what was underneath.
 */
export class ProcessorError<K extends ProcessorErrorKind = ProcessorErrorKind> extends Error {
  override readonly name = 'ProcessorError';
  readonly kind: K;
  readonly code: ErrorCode;
  readonly path: string | undefined;

  constructor(kind: K, code: ErrorCode, message: string, options: ProcessorErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.kind = kind;
    this.code = code;
    this.path = options.path;
  }

  /** True for a {@link ProcessorError}, of one kind if `kind` is given. */
  static is<K extends ProcessorErrorKind = ProcessorErrorKind>(error: unknown, kind?: K): error is ProcessorError<K> {
    return error instanceof ProcessorError && (kind === undefined || error.kind === kind);
  }
}
