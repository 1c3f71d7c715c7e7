/** The visitor's token: kept for this tab alone, and never part of an address. */
const KEY = "plateau-token";

class KeptToken {
  #value = $state<string | null>(kept());

  get value(): string | null {
    return this.#value;
  }

  keep(token: string | null): void {
    this.#value = token;
    try {
      if (token === null) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, token);
    } catch {
      // Storage is switched off: it lasts as long as the page.
    }
  }
}

function kept(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const token = new KeptToken();

/** What is wrong with a token as it was typed; null where it may be one. */
export function tokenFault(text: string): string | null {
  if (text === "") return "Give the token that whoever runs the board gave you.";
  // What else stands in a header could be read as another one.
  return /^[\x21-\x7e]{1,512}$/.test(text) ? null : "A token is a single word of letters, digits and signs.";
}
