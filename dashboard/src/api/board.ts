/** The board that this dashboard belongs to. */
import type { Connection } from "../../../shared/api/client/connection.ts";

/** Reading needs no token. */
export const BOARD: Connection = {
  server: "",
  token: null,
  fetch: (url, init) => fetch(url, init),
  newDecoder: () => new TextDecoder(),
};

/** The board, asked with a token. */
export const withToken = (token: string): Connection => ({ ...BOARD, token });
