/** Which board is meant, and what lets one in. */
import { readFile } from "node:fs/promises";
import { Option } from "commander";
import { PlateauError } from "../../../shared/errors.ts";
import type { Connection } from "../../../shared/api/client/connection.ts";
import { UsageError } from "../usage-error.ts";
import { connect } from "./connect.ts";

export interface ServerOptions {
  readonly server: string;
}

export interface TokenOptions {
  readonly tokenFile?: string;
}

/** No token can be had. */
export class TokenError extends PlateauError {}

const LOCAL = "http://127.0.0.1:8787";

export const server = () =>
  new Option("--server <url>", "the board's address").env("PLATEAU_SERVER").default(LOCAL);

/** Not the token itself: everybody on the machine can read command lines. */
export const tokenFile = () =>
  new Option("--token-file <file>", "the file that holds your token (default: PLATEAU_TOKEN)");

/** A connection that reads. */
export function reading({ server }: ServerOptions): Connection {
  return connect(server, null);
}

/** @throws TokenError, UsageError where there is no token. */
export async function writing({ server, tokenFile }: ServerOptions & TokenOptions): Promise<Connection> {
  const token = tokenFile === undefined ? process.env["PLATEAU_TOKEN"]?.trim() : await readToken(tokenFile);
  if (token === undefined || token === "") {
    throw new UsageError(
      "This needs a token: name the file that holds it with --token-file, or set PLATEAU_TOKEN. Whoever runs the board " +
        "gives you one.",
    );
  }
  // What else stands in a header could be read as another one.
  if (!/^[\x21-\x7e]{1,512}$/.test(token)) {
    throw new TokenError(
      `What ${tokenFile ?? "PLATEAU_TOKEN"} holds is no token, which is a single word; look whether it is the right one.`,
    );
  }
  return connect(server, token);
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`The token's file ${path} cannot be read (${code}).`);
  }
}
