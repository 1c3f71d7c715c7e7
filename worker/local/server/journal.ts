/** What happens on a board, a line each, in the file to which the Workers say what fails. */
import { createWriteStream } from "node:fs";
import { printable } from "../terminal.ts";
import type { Answered } from "./front.ts";

export interface Journal {
  note(text: string): void;
  /** Notes requests that were refused or failed; of others nothing. */
  answered(request: Answered): void;
  close(): Promise<void>;
}

/** Who asks in vain again and again shall not fill the disk. */
const MOST_A_MINUTE = 100;
const MINUTE = 60_000;
const LONGEST_PATH = 200;
/** Tokens have no place in a path; but someone may put one there. */
const SECRETS = /plateau_[0-9a-f]+_[0-9a-f]+|[0-9a-f]{64}/gi;

/** @param secrets that must not get into it, besides tokens of the usual forms. */
export function openJournal(path: string, secrets: readonly string[]): Journal {
  const file = createWriteStream(path, { flags: "a", mode: 0o600 });
  // A full disk is no reason to stop.
  file.on("error", () => {});
  let minute = 0;
  let answers = 0;

  function note(text: string): void {
    const known = secrets.reduce((line, secret) => line.replaceAll(secret, "…"), text);
    file.write(`${new Date().toISOString()} ${printable(known.replace(SECRETS, "…"))}\n`);
  }

  return {
    note,
    answered({ method, path: address, status, milliseconds }) {
      if (status < 400) return;
      const now = Math.floor(Date.now() / MINUTE);
      if (now !== minute) {
        if (answers > MOST_A_MINUTE) note(`${answers - MOST_A_MINUTE} more were refused in that minute`);
        minute = now;
        answers = 0;
      }
      if (++answers > MOST_A_MINUTE) return;
      note(`${status} ${method} ${address.slice(0, LONGEST_PATH)} after ${milliseconds} ms`);
    },
    close: () => new Promise((resolve) => file.end(() => resolve())),
  };
}
