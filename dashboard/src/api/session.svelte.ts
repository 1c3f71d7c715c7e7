/** Who is signed in with this browser, if the board has a sign-in. */
import { getSession } from "../../../shared/api/client/accounts.ts";
import { BOARD } from "./board.ts";
import { Resource } from "./resource.svelte.ts";

/** Read by the head of every page. */
export const session = new Resource((signal) => getSession(BOARD, { signal }));

/** Where signing in begins, and that one comes back to this page. @param signIn as the session has it. */
export const signInAddress = (signIn: string, back: string): string =>
  `${signIn}?${new URLSearchParams({ back })}`;
