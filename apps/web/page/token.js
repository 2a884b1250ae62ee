// The access token, for this tab: from the address's fragment, which no server sees, or typed in.

const NAME = 'serdab-token';

/** The token, taken out of the address bar if it is there. */
export function takeToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get('token');
  if (found !== null) {
    keepToken(found);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(NAME) ?? '';
}

export function keepToken(token) {
  sessionStorage.setItem(NAME, token);
}
