/** Runs shards in a process of their own, which is ended when it takes too much memory or time, and started anew. */
import { fork, type ChildProcess } from "node:child_process";
import { realpath } from "node:fs/promises";
import { RuntimeUnavailableError } from "../../../shared/errors.ts";
import type { BlobStore } from "../../../shared/shards/blobs.ts";
import type { Device } from "../devices.ts";
import { byteText, duration } from "../numbers.ts";
import { CHILD, childArguments, childEnvironment } from "./confine.ts";
import type { FromChild, Task, ToChild } from "./protocol.ts";
import { residentBytes } from "./resident.ts";

export interface EvaluatorOptions {
  readonly device: Device;
  /** Of the processor; all cores where absent. */
  readonly threads?: number;
  /** The folder that holds what tasks name. */
  readonly cache: string;
  /** Resident bytes of the process, at most. */
  readonly memory: number;
  /** Seconds of a shard, at most. */
  readonly shardSeconds: number;
}

export interface Ready {
  readonly device: string;
  readonly ort: string;
}

export type Outcome =
  | { readonly kind: "done"; readonly payload: string; readonly seconds: number }
  /** `final`: it would fail on any machine. */
  | { readonly kind: "failed"; readonly reason: string; readonly final: boolean }
  /** `stop` was called. */
  | { readonly kind: "stopped" };

/** Seconds between looks at the memory. */
const LOOK = 0.2;
/** Seconds within which a device shows that it works: drivers are slow to load. */
const START = 120;

export class Evaluator {
  readonly #options: EvaluatorOptions;
  #child: ChildProcess | null = null;
  #stop: (() => void) | null = null;

  constructor(options: EvaluatorOptions) {
    this.#options = options;
  }

  /** Starts the process, where it does not run. @throws RuntimeUnavailableError where the device does not work. */
  async start(): Promise<Ready> {
    await this.end();
    const { cache, device, threads = null } = this.#options;
    const child = fork(CHILD, {
      execArgv: childArguments(await realpath(cache)),
      env: childEnvironment(process.env),
      serialization: "advanced",
      // Whatever libraries have to say is of no use to anybody.
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#child = child;
    const answer = await new Promise<FromChild | null>((resolve) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), 1000 * START);
      child.once("message", (message: FromChild) => {
        clearTimeout(timer);
        resolve(message);
      });
      child.once("error", () => resolve(null));
      child.once("exit", () => {
        clearTimeout(timer);
        resolve(null);
      });
      tell(child, { kind: "start", device, threads });
    });
    if (answer?.kind === "ready") return answer;
    await this.end();
    throw new RuntimeUnavailableError(
      answer?.kind === "unavailable"
        ? answer.reason
        : `The process that runs models on ${device} ended before it was ready; try another --device.`,
    );
  }

  /**
   * Runs one shard at a time. Whatever ends the process is a failure of the shard.
   *
   * @param blobs of the board: what the shard reads and leaves.
   */
  async run(task: Task, blobs: BlobStore): Promise<Outcome> {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) await this.start();
    const child = this.#child!;
    const { memory, shardSeconds } = this.#options;
    // What it was killed for; null where that was not our doing.
    let killed: Outcome | null = null;
    const kill = (why: Outcome) => {
      killed ??= why;
      child.kill("SIGKILL");
    };
    this.#stop = () => kill({ kind: "stopped" });
    const failed = (reason: string): Outcome => ({ kind: "failed", reason, final: false });
    const timer = setTimeout(
      () => kill(failed(`The shard took longer than the ${duration(shardSeconds)} that this worker gives.`)),
      1000 * shardSeconds,
    );
    let largest = 0;
    const watch = setInterval(() => {
      void residentBytes(child.pid!).then((resident) => {
        largest = Math.max(largest, resident ?? 0);
        if (largest > memory) {
          kill(failed(`The shard took more than the ${byteText(memory)} of memory that this worker gives.`));
        }
      });
    }, 1000 * LOOK);
    try {
      return await new Promise<Outcome>((resolve) => {
        const onMessage = (message: FromChild) => {
          if (message.kind === "done" || message.kind === "failed") {
            child.off("message", onMessage);
            child.off("exit", onExit);
            resolve(message);
          } else if (message.kind === "get" || message.kind === "put") void serve(child, message, blobs);
        };
        const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
          child.off("message", onMessage);
          const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
          resolve(
            killed ??
              failed(`The process that ran the model ended ${how}, at ${byteText(largest)} of memory.`),
          );
        };
        child.on("message", onMessage);
        child.once("exit", onExit);
        tell(child, { kind: "run", task });
      });
    } finally {
      clearTimeout(timer);
      clearInterval(watch);
      this.#stop = null;
      if (killed) await this.end();
    }
  }

  /** Ends the shard that is running, if there is one, as `stopped`. */
  stop(): void {
    this.#stop?.();
  }

  /** Ends the process. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }
}

async function serve(
  child: ChildProcess,
  message: Extract<FromChild, { kind: "get" | "put" }>,
  blobs: BlobStore,
): Promise<void> {
  const { request, key } = message;
  try {
    let bytes: Uint8Array | null = null;
    if (message.kind === "get") bytes = await blobs.get(key);
    else await blobs.put(key, message.bytes);
    tell(child, { kind: "blob", request, bytes, error: null });
  } catch (error) {
    tell(child, {
      kind: "blob",
      request,
      bytes: null,
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Where the process is gone, its end is what counts. */
function tell(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message, () => undefined);
}
