import { createContext } from 'preact';
import { useContext, useEffect, useReducer } from 'preact/hooks';
import type { GetJson } from '../api/api-client.ts';
import type { Connection, ConnectionState } from './connection.ts';

/** What all parts of the page share. */
export interface PageParts {
  readonly connection: Connection;
  readonly getJson: GetJson;
}

/** The parts that all of the page shares; set once, at its root. */
export const PageContext = createContext<PageParts | null>(null);

/** The parts that all of the page shares. */
export function usePage(): PageParts {
  const parts = useContext(PageContext);
  if (parts === null) throw new Error('this is drawn outside of the page');
  return parts;
}

/** How the page stands to the processor; draws anew when that changes. */
export function useConnection(): ConnectionState {
  const { connection } = usePage();
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => connection.subscribe(() => redraw(undefined)), [connection]);
  return connection.state;
}
