const place = "soar-token";

/** The token of the address's fragment, which never reaches a server or its logs; kept until the tab is closed. */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keepToken(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return currentToken();
}

export const currentToken = () => sessionStorage.getItem(place);
export const keepToken = (token: string) => sessionStorage.setItem(place, token);
export const dropToken = () => sessionStorage.removeItem(place);
