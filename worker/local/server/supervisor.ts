/** Keeps the Workers running: wakes them every minute, and starts them again where they are gone or mute. */
import { setTimeout as wait } from "node:timers/promises";
import type { Front } from "./front.ts";
import { startWorkers, type RunningWorkers, type WorkersOptions } from "./workers-process.ts";

export interface Supervisor {
  /** The Workers' process group. */
  readonly group: number;
  /** Resolves once they were stopped, and rejects where they cannot be kept running. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** What the Workers know a fresh start by: see worker/api/scheduled/handle.ts. */
const BOOT = "boot";
/** Milliseconds. */
const EVERY = 60_000;
/** A pass of a large model may take long, and nothing else is answered meanwhile. */
const PATIENCE = 60_000;
const PAUSE = 1_000;
/** After so many failures to start, one right after another, there is no use in trying. */
const MOST_STARTS = 3;

export async function supervise(
  options: WorkersOptions,
  front: Front,
  tell: (line: string) => void,
): Promise<Supervisor> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let workers = await startWorkers(options);
  front.target = workers.port;

  async function keepRunning(): Promise<void> {
    for (;;) {
      const end = new AbortController();
      const why = await Promise.race([
        workers.ended.then(() => "ended"),
        mute(workers.port, AbortSignal.any([signal, end.signal])).then(() => "do not answer"),
      ]);
      end.abort();
      front.target = null;
      await workers.stop();
      if (signal.aborted) return;
      tell(`the Workers ${why}; starting them again`);
      workers = await startAgain();
      if (!signal.aborted) front.target = workers.port;
    }
  }

  async function startAgain(): Promise<RunningWorkers> {
    for (let failures = 0; ;) {
      try {
        return await startWorkers(options);
      } catch (error) {
        if (++failures === MOST_STARTS) throw error;
        await wait(PAUSE);
      }
    }
  }

  const ended = keepRunning();
  return {
    get group() {
      return workers.group;
    },
    ended,
    async stop() {
      stopping.abort();
      await ended.catch(() => {});
    },
  };
}

/**
 * Locally nothing calls the Workers' scheduled handler, and a queue's messages are lost with the process. The handler
 * finds whatever was left undone, so it is called at once, as BOOT, and then every minute.
 *
 * Resolves when there is no answer any more, or `signal` says so.
 */
async function mute(port: number, signal: AbortSignal): Promise<void> {
  let cron = BOOT;
  while (!signal.aborted && ((await wake(port, cron, signal)) || (await wake(port, cron, signal)))) {
    cron = "";
    await wait(EVERY, undefined, { signal }).catch(() => {});
  }
}

/** Whether anything answered; what went wrong in the handler itself is in the log. */
async function wake(port: number, cron: string, signal: AbortSignal): Promise<boolean> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  const address = `http://127.0.0.1:${port}/cdn-cgi/local/scheduled?cron=${cron}`;
  return fetch(address, { signal: patience }).then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
}
