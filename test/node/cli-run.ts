/** Runs the command line as a user does: a process of its own. */
import { spawn, type ChildProcess } from "node:child_process";

const entry = new URL("../../worker/local/bin.js", import.meta.url).pathname;

export interface Outcome {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process while it runs. */
  readonly during?: (child: ChildProcess) => void;
}

/** `plateau` with these arguments. Output goes to pipes, as in a script. */
export function plateau(args: readonly string[], { cwd, env, during }: RunOptions = {}): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(process.execPath, [entry, ...args], {
    ...(cwd && { cwd }),
    env: { ...process.env, COLUMNS: "100", PLATEAU_DEBUG: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text.stderr += chunk.toString()));
  during?.(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, ...text, seconds: (performance.now() - started) / 1000 });
    });
  });
}
