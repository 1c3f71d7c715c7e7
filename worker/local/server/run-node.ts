/** Runs one of the packages' own programs to its end. */
import { spawn } from "node:child_process";
import { PlateauError } from "../../../shared/errors.ts";
import { ROOT } from "./workers.ts";

/** The program failed. The message ends with its last words. */
export class ProgramError extends PlateauError {}

/** What is kept of its output, to tell why it failed. */
const LAST_WORDS = 2000;

export interface ProgramOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What errors say it was for, such as "Building the Worker". */
  readonly doing: string;
}

/** @param script a file for Node. */
export function runNode(
  script: string,
  args: readonly string[],
  { env, doing }: ProgramOptions,
): Promise<void> {
  const child = spawn(process.execPath, ["--no-warnings", script, ...args], {
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  const listen = (chunk: Buffer) => (words = (words + chunk.toString()).slice(-LAST_WORDS));
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new ProgramError(`${doing} failed: ${words.trim()}`));
    });
  });
}
