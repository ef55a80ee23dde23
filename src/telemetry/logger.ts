/** Structured logging as the processor uses it; pino's loggers fit. Fields first, then a constant message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

function ignore(): void {
  // Says nothing, on purpose: a library does not write to its host's output unasked.
}

/** A logger that says nothing: the library's default. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
