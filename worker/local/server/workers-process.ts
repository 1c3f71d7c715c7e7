/** The Workers, under `wrangler dev`, in a process group of their own. */
import { spawn, type ChildProcess } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { PlateauError } from "../../../shared/errors.ts";
import type { Storage } from "./storage.ts";
import { ROOT, WRANGLER, wranglerEnvironment } from "./workers.ts";

/** The Workers did not come up. */
export class StartError extends PlateauError {}

export interface WorkersOptions {
  /** Built configurations, the one that answers requests first. */
  readonly configs: readonly string[];
  readonly storage: Storage;
  readonly secrets: Readonly<Record<string, string>>;
}

export interface RunningWorkers {
  /** They answer at `http://127.0.0.1:PORT`. */
  readonly port: number;
  /** The process group. */
  readonly group: number;
  /** Resolves when the process is gone, wanted or not. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const END_WITH_PARENT = new URL("./end-with-parent.ts", import.meta.url).href;
/** Milliseconds. */
const PATIENCE = 120_000;
const SETTLING = 30_000;
const GRACE = 5_000;
const LAST_WORDS = 2000;

/** @throws StartError with what the Workers said last, where they do not come up. */
export async function startWorkers({ configs, storage, secrets }: WorkersOptions): Promise<RunningWorkers> {
  const log = await open(storage.log, "a", 0o600);
  const child = spawn(
    process.execPath,
    ["--no-warnings", "--import", END_WITH_PARENT, WRANGLER, ...args(configs, storage)],
    {
      cwd: ROOT,
      env: { ...wranglerEnvironment(storage.wrangler), ...secrets },
      stdio: ["ignore", log.fd, log.fd, "ipc"],
      detached: true,
    },
  );
  await log.close();
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const group = child.pid!;
  const stop = async () => {
    signalGroup(group, "SIGTERM");
    await Promise.race([ended, wait(GRACE, undefined, { ref: false })]);
    signalGroup(group, "SIGKILL");
    await ended;
  };
  try {
    const port = await listeningPort(child);
    await answering(port, ended);
    return { port, group, ended, stop };
  } catch (error) {
    await stop();
    const words = (await readFile(storage.log, "utf8").catch(() => "")).slice(-LAST_WORDS).trim();
    throw new StartError(`The board's Workers did not start: ${(error as Error).message}. ${words}`, {
      cause: error,
    });
  }
}

function args(configs: readonly string[], { state }: Storage): string[] {
  return [
    "dev",
    ...configs.flatMap((config) => ["--config", config]),
    ...["--persist-to", state],
    // Only this machine gets there; who else may, and to what, is decided by the front (front.ts).
    ...["--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"],
    ...["--log-level", "error", "--show-interactive-dev-session", "false"],
  ];
}

/** Wrangler tells its parent. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready after ${PATIENCE / 1000} s`)), PATIENCE);
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(new Error(`wrangler ended with ${signal ?? `exit code ${code}`}`)),
    );
    child.on("message", (message) => {
      const { event, port } = JSON.parse(String(message)) as {
        readonly event: string;
        readonly port: number;
      };
      if (event !== "DEV_SERVER_READY") return;
      clearTimeout(timer);
      resolve(port);
    });
  });
}

/** Wrangler is ready even where a Worker ends with an error as it loads. */
async function answering(port: number, ended: Promise<void>): Promise<void> {
  let gone = false;
  void ended.then(() => (gone = true));
  for (let end = performance.now() + SETTLING; performance.now() < end && !gone;) {
    const there = await fetch(`http://127.0.0.1:${port}/api/v1/health`, {
      signal: AbortSignal.timeout(SETTLING),
    }).then(
      async (response) => {
        await response.body?.cancel();
        return response.ok;
      },
      () => false,
    );
    if (there) return;
    await wait(100);
  }
  throw new Error("they do not answer");
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
