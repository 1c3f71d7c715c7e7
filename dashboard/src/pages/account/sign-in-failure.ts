/** Why signing in came to nothing, in words. */

export interface SignInFailure {
  readonly title: string;
  readonly text: string;
}

const FAILURES: Readonly<Record<string, SignInFailure>> = {
  denied: {
    title: "You were not signed in",
    text: "On GitHub's page you chose not to let this board know who you are. Nothing was kept.",
  },
  expired: {
    title: "That took too long, or began elsewhere",
    text: "A sign-in holds for ten minutes, in the browser that began it. Begin it again here.",
  },
  refused: {
    title: "GitHub did not accept the sign-in",
    text:
      "It may have been sent twice, as by going back in the browser. Where it happens again, this board is not " +
      "registered rightly with GitHub: tell whoever runs it.",
  },
  unreachable: {
    title: "GitHub does not answer",
    text: "You are not signed in; try again in a minute.",
  },
  blocked: {
    title: "This account is shut out",
    text: "Whoever runs this board has shut it out; ask them to let it in again.",
  },
};

/** @param word from the address, which anyone may have written; null where it is none that the board gives. */
export function signInFailure(word: string | null): SignInFailure | null {
  return word !== null && Object.hasOwn(FAILURES, word) ? FAILURES[word]! : null;
}
