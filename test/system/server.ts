/** The real server, as people start it: a process of its own, a free port, storage that goes when the test ends. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Connection } from "../../shared/api/client/connection.ts";
import { connect } from "../../worker/local/client/connect.ts";
import { entry } from "../node/cli-run.ts";

export interface ServerOptions {
  /** An earlier server's, to go on with what it has. */
  readonly storage?: string;
  /** Suites to begin with. */
  readonly seed?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What runs in place of `plateau serve`. */
  readonly script?: string;
}

export interface Server {
  readonly address: string;
  readonly storage: string;
  readonly tokenFile: string;
  readonly token: string;
  readonly log: string;
  /** Process group of the Workers. */
  readonly group: number;
  readonly process: ChildProcess;
  /** With the owner's token. */
  readonly connection: Connection;
  /** What it said on stderr up to now. */
  said(): string;
  /** As Ctrl-C does. Answers the exit code. */
  stop(): Promise<number | null>;
  /** As a power cut does. */
  kill(): Promise<void>;
}

const folders: string[] = [];
const running = new Set<Server>();

export function newStorage(): string {
  const folder = mkdtempSync(join(tmpdir(), "plateau-system-"));
  folders.push(folder);
  return folder;
}

/** Resolves once the server says that it is there. */
export async function startServer({
  storage = newStorage(),
  seed = "none",
  args = [],
  env = {},
  script,
}: ServerOptions = {}): Promise<Server> {
  const options = ["--port", "0", "--storage", storage, "--seed", seed, "--json", ...args];
  const child = spawn(
    process.execPath,
    [...(script === undefined ? [entry, "serve"] : [script]), ...options],
    {
      env: { ...process.env, PLATEAU_OWNER_TOKEN: "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => (words += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const lines = createInterface(child.stdout);
  const line = await Promise.race([
    new Promise<string>((resolve) => lines.once("line", resolve)),
    ended.then((code) => {
      throw new Error(`the server ended with exit code ${code}: ${words}`);
    }),
  ]);
  const ready = JSON.parse(line) as { address: string; tokenFile: string | null; log: string; group: number };
  const token =
    ready.tokenFile === null ? env["PLATEAU_OWNER_TOKEN"]! : readFileSync(ready.tokenFile, "utf8").trim();
  const server: Server = {
    ...ready,
    tokenFile: ready.tokenFile ?? "",
    storage,
    token,
    process: child,
    connection: connect(ready.address, token),
    said: () => words,
    stop() {
      child.kill("SIGINT");
      return ended;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
      await gone(ready.group);
    },
  };
  running.add(server);
  void ended.then(() => running.delete(server));
  return server;
}

/** For `afterAll`: no process and no file stays. */
export async function cleanUp(): Promise<void> {
  await Promise.all([...running].map((server) => server.kill()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Resolves when no process of the group runs any more. */
export async function gone(group: number): Promise<void> {
  for (let tries = 0; alive(group); tries++) {
    if (tries > 100) throw new Error(`the group ${group} still runs`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether anything of the group runs; what ended, but nobody waited for, does not. */
export function alive(group: number): boolean {
  return execFileSync("ps", ["-A", "-o", "pgid=,stat="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .some(([id, state]) => Number(id) === group && !state?.startsWith("Z"));
}
