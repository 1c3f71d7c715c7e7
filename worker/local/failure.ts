/** From what was thrown to one sentence and an exit code. */
import { PlateauError } from "../../shared/errors.ts";
import { UnknownMeasureError } from "../../shared/measures/index.ts";
import { say } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** What a user is told; the stack as well where PLATEAU_DEBUG is set. */
export function describeFailure(error: unknown): string {
  // Names in it may hold line breaks; a sentence must not.
  const message = messageOf(error).replaceAll(/\s*\n\s*/g, " ");
  return process.env["PLATEAU_DEBUG"] && error instanceof Error ? `${message}\n${error.stack}` : message;
}

/** Says on stderr what failed, about a file where the message does not name it. Answers the exit code. */
export function reportFailure(error: unknown, path?: string): number {
  const about = path === undefined || error instanceof UsageError ? "" : `${path}: `;
  say(`plateau: ${about}${describeFailure(error)}`);
  return error instanceof UsageError || error instanceof UnknownMeasureError ? EXIT.usage : EXIT.failed;
}

function messageOf(error: unknown): string {
  if (error instanceof PlateauError) return error.message;
  if (!(error instanceof Error)) return `Unexpected: ${String(error)}.`;
  if ("syscall" in error && "code" in error) return `${error.message}.`;
  return `Unexpected: ${firstLine(error.message)} (set PLATEAU_DEBUG=1 to see where, and please report it).`;
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0]!.trim();
  return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}
