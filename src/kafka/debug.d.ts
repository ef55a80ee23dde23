declare namespace debug {
  interface Debugger {
    (format: string, ...values: unknown[]): void;
    readonly enabled: boolean;
  }
}

declare const debug: { (namespace: string): debug.Debugger };

/** The one type that the declarations of the client for Kafka take from the package `debug`, which has none of its own. */
export { debug as default };
