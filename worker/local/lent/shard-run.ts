/** One claimed shard: what it takes is fetched, it is run, and what came of it is sent. */
import { setTimeout as sleep } from "node:timers/promises";
import { request, type Connection } from "../../../shared/api/client/connection.ts";
import type { ProblemError } from "../../../shared/api/client/errors.ts";
import { patiently, type Patience } from "../../../shared/api/client/patience.ts";
import { getBlob, openModel, putBlob, sendFailure, sendResult } from "../../../shared/api/client/work.ts";
import { LONGEST_FAILURE, type Work } from "../../../shared/api/work.ts";
import { PlateauError, RuntimeUnavailableError } from "../../../shared/errors.ts";
import type { BlobStore } from "../../../shared/shards/blobs.ts";
import type { FileCache } from "./cache.ts";
import type { Evaluator, Outcome } from "./evaluator.ts";
import { keepLease } from "./heartbeat.ts";
import type { Task } from "./protocol.ts";
import { isLost, isMisfit, isShutOut } from "./refusals.ts";

export interface ShardContext {
  readonly connection: Connection;
  readonly cache: FileCache;
  readonly evaluator: Evaluator;
  readonly onPause: NonNullable<Patience["onPause"]>;
  /** Bytes of the model that are here, while it is downloaded. */
  readonly onDownload: (work: Work, received: number) => void;
}

/** What came of a shard here. */
export type Ran =
  | Outcome
  /** The device works no more. */
  | { readonly kind: "unavailable"; readonly error: RuntimeUnavailableError }
  /** The lease was lost, or the board lets this worker in no more. */
  | { readonly kind: "refused"; readonly error: ProblemError };

export type Given =
  | { readonly kind: "accepted" }
  /** Someone else has the shard now, or had it before. */
  | { readonly kind: "lost"; readonly reason: string }
  /** `outcome` is failed where the evaluation ends with it; `misfit`: the board did not take the payload. */
  | {
      readonly kind: "given back";
      readonly reason: string;
      readonly outcome: "open" | "failed";
      readonly misfit: boolean;
    };

/** Its lease is kept until `give` or `drop`. */
export interface HeldShard {
  readonly work: Work;
  readonly ran: Promise<Ran>;
  /** Ends it, as `stopped`, wherever it is. */
  stop(): void;
  /** Tells the board what came of it. @throws what requests throw, once patience is at its end. */
  give(ran: Ran): Promise<Given>;
  /** Lets the lease run out. */
  drop(): void;
}

const STOPPED = "The worker that ran it was stopped.";
const UNAVAILABLE = "The device of the worker that ran it works no more.";

export function runWork(work: Work, context: ShardContext): HeldShard {
  const { connection, cache, evaluator, onPause } = context;
  const { lease } = work;
  const ended = new AbortController();
  let refusal: ProblemError | null = null;
  const stop = () => {
    ended.abort();
    evaluator.stop();
  };
  const endLease = keepLease(connection, work, (error) => {
    refusal = error;
    stop();
  });
  /** Features on their way to the board: the next shard need not wait for them. */
  const uploads: Promise<void>[] = [];
  const ran = attempt(work, context, uploads, ended.signal).then(
    (outcome): Ran => (refusal ? { kind: "refused", error: refusal } : outcome),
    (error: unknown): Ran => {
      if (refusal) return { kind: "refused", error: refusal };
      if (ended.signal.aborted) return { kind: "stopped" };
      if (isLost(error) || isShutOut(error)) return { kind: "refused", error: error as ProblemError };
      if (error instanceof RuntimeUnavailableError) return { kind: "unavailable", error };
      return { kind: "failed", reason: publicReason(error), final: false };
    },
  );
  const patience: Patience = { wait: (seconds) => sleep(1000 * seconds), onPause };
  const giveBack = async (reason: string, final: boolean, misfit: boolean): Promise<Given> => {
    const failure = { reason: reason.slice(0, LONGEST_FAILURE), final };
    const outcome = await patiently(() => sendFailure(connection, lease, failure), patience);
    return { kind: "given back", reason, outcome, misfit };
  };
  return {
    work,
    ran,
    stop,
    drop() {
      endLease();
      stop();
    },
    async give(ran) {
      try {
        if (ran.kind === "refused") throw ran.error;
        if (ran.kind === "stopped") return await giveBack(STOPPED, false, false);
        if (ran.kind === "unavailable") return await giveBack(UNAVAILABLE, false, false);
        if (ran.kind === "failed") {
          // Where the cache lies is nobody's business.
          return await giveBack(ran.reason.replaceAll(cache.folder, "…"), ran.final, false);
        }
        await Promise.all(uploads);
        const { payload, seconds } = ran;
        await patiently(() => sendResult(connection, lease, { payload, seconds }), patience);
        return { kind: "accepted" };
      } catch (error) {
        // Once it was refused it is not sent again: it may even have arrived the first time.
        if (isLost(error)) return { kind: "lost", reason: (error as ProblemError).message };
        if (isMisfit(error)) return await giveBack((error as ProblemError).message, false, true);
        throw error;
      } finally {
        endLease();
      }
    },
  };
}

/** Anyone may read reasons; what went wrong on this machine is no concern of others. */
function publicReason(error: unknown): string {
  if (error instanceof PlateauError) return error.message;
  const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
  return `The worker could not fetch or keep what the shard takes${code}.`;
}

async function attempt(
  work: Work,
  context: ShardContext,
  uploads: Promise<void>[],
  signal: AbortSignal,
): Promise<Outcome> {
  const patience: Patience = {
    wait: (seconds) => sleep(1000 * seconds, undefined, { signal }),
    onPause: context.onPause,
  };
  const task = await taskOf(work, context, patience, signal);
  if (signal.aborted) return { kind: "stopped" };
  return context.evaluator.run(task, blobsOf(work, context, patience, uploads, signal));
}

async function taskOf(
  work: Work,
  { connection, cache, onDownload }: ShardContext,
  patience: Patience,
  signal: AbortSignal,
): Promise<Task> {
  const { shard, options, payloads, suite, model, lease } = work;
  const suitePath = await cache.file(
    {
      ...{ sha256: suite.sha256, bytes: suite.bytes, what: `the suite ${suite.id}`, resumable: false },
      open: () => request(connection, `work/${encodeURIComponent(lease)}/suite`, { signal }),
    },
    patience,
  );
  const openFrom = (offset: number) => openModel(connection, lease, { offset, signal });
  // Fits read features alone.
  const modelPath =
    shard.spec.kind === "fit"
      ? null
      : await cache.file(
          {
            ...{ sha256: model.sha256, bytes: model.bytes, what: "the model", resumable: true },
            open: openFrom,
            onProgress: (received) => onDownload(work, received),
          },
          patience,
        );
  return {
    ...{ shard, options, payloads },
    suite: { id: suite.id, sha256: suite.sha256, path: suitePath },
    model: modelPath === null ? null : { sha256: model.sha256, path: modelPath },
  };
}

function blobsOf(
  { lease }: Work,
  { connection }: ShardContext,
  patience: Patience,
  uploads: Promise<void>[],
  signal: AbortSignal,
): BlobStore {
  return {
    get: (key) => patiently(() => getBlob(connection, lease, key, { signal }), patience),
    put(key, bytes) {
      const upload = patiently(() => putBlob(connection, lease, key, bytes, { signal }), patience);
      // Whoever sends the result waits for it.
      upload.catch(() => undefined);
      uploads.push(upload);
      return Promise.resolve();
    },
  };
}
