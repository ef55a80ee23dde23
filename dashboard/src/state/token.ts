const NAME = 'processor.token';

/** The token of the server, if one was given; kept until the tab is closed. */
export function storedToken(): string | null {
  return sessionStorage.getItem(NAME);
}

/** Keeps a token until the tab is closed. */
export function storeToken(token: string): void {
  sessionStorage.setItem(NAME, token);
}
