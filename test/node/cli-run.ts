/** Runs the command line as a user does: a process of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { expect } from "vitest";

/** What `plateau` runs. */
export const entry = new URL("../../worker/local/bin.js", import.meta.url).pathname;

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

/** Whatever is wrong is said soon enough not to be waited for. */
export const SECONDS = 5;

/** One line on stderr, nothing on stdout, no stack, and soon. */
export function expectSentence(
  { code, stdout, stderr, seconds }: Outcome,
  message: RegExp,
  expectedCode: number,
): void {
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at |Unexpected:/);
  expect(stdout).toBe("");
  expect(code).toBe(expectedCode);
  expect(seconds).toBeLessThan(SECONDS);
}

export type WrongUse = readonly [args: readonly string[], message: RegExp, code: number];

/** Runs each, two at a time: as many as there are cores on a small machine. */
export async function expectSentences(cases: readonly WrongUse[]): Promise<void> {
  const queue = cases.values();
  const worker = async () => {
    for (const [args, message, code] of queue) expectSentence(await plateau(args), message, code);
  };
  await Promise.all([worker(), worker()]);
}
