import { ProcessorError } from '../errors/processor-error.ts';
import { GroupingKey } from '../event/grouping-key.ts';
import { Window } from '../event/window.ts';
import { KeyReader, KeyWriter } from './key-encoding.ts';
import { decodeText, encodeText } from './text-encoding.ts';

/** A window as bytes that sort by end, then start, then key: the order in which windows fire. */
export function encodeWindow(window: Window): Uint8Array {
  return writeWindow(new KeyWriter(), window).finish();
}

/** Adds a window to a state key, as its last part. */
export function writeWindow(writer: KeyWriter, window: Window): KeyWriter {
  writer.double(window.end).double(window.start);
  // The text of a key is never empty, so nothing stands for no key.
  return window.key === null ? writer : writer.rest(encodeText(window.key.toString()));
}

/** @throws ProcessorError STATE_CORRUPT for bytes that {@link encodeWindow} did not make. */
export function decodeWindow(bytes: Uint8Array): Window {
  return readWindow(new KeyReader(bytes));
}

/** The window that is the last part of a state key. @throws ProcessorError STATE_CORRUPT. */
export function readWindow(reader: KeyReader): Window {
  const end = reader.double();
  const start = reader.double();
  const key = decodeText(reader.rest());
  try {
    return new Window(start, end, key === '' ? null : GroupingKey.parse(key));
  } catch (cause) {
    throw new ProcessorError('state', 'STATE_CORRUPT', 'a stored window cannot be read', { cause });
  }
}
