/** Notes what becomes of evaluations, as far as anyone can see from outside. */
import { setTimeout as wait } from "node:timers/promises";
import { getEvaluation, listEvaluations } from "../../../shared/api/client/evaluations.ts";
import type { Connection } from "../../../shared/api/client/connection.ts";
import { ProblemError } from "../../../shared/api/client/errors.ts";
import type { EvaluationSummary } from "../../../shared/api/evaluations.ts";
import type { Answered } from "./front.ts";

/** Milliseconds between two looks, while there are evaluations that have not ended. */
const EVERY = 3_000;
/** More than these at once are noted only when they end. */
const MOST = 500;
const ASKS = /\/api\/v1\/evaluations(\/[a-z2-7]+\/retry)?$/;

export interface EvaluationWatch {
  /** Call it for every answer: most asked for no evaluation. */
  answered(request: Answered): void;
  stop(): void;
}

/** Looks once at the start, for those that an earlier end cut off, and then whenever one was asked for. */
export function watchEvaluations(connection: Connection, note: (line: string) => void): EvaluationWatch {
  const stopped = new AbortController();
  const { signal } = stopped;
  const active = new Map<string, EvaluationSummary>();
  let asked = true;
  let looking = false;

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    while ((asked || active.size > 0) && !signal.aborted) {
      asked = false;
      // While the Workers start again there is no answer.
      await once().catch(() => {});
      await wait(EVERY, undefined, { signal, ref: false }).catch(() => {});
    }
    looking = false;
  }

  async function once(): Promise<void> {
    const [queued, running] = await Promise.all(
      (["queued", "running"] as const).map((state) =>
        listEvaluations(connection, { state, limit: MOST }, { signal }),
      ),
    );
    const now = new Map([...queued!.evaluations, ...running!.evaluations].map((each) => [each.id, each]));
    for (const [id, evaluation] of now) {
      if (active.get(id)?.state !== evaluation.state) note(sentence(evaluation));
      active.set(id, evaluation);
    }
    for (const [id, before] of active) {
      if (now.has(id)) continue;
      const end = await getEvaluation(connection, id, { signal }).catch((error: unknown) => {
        if (error instanceof ProblemError && error.problem.status === 404) return null;
        throw error;
      });
      note(end ? sentence(end) : `${named(before)} went with its checkpoint`);
      active.delete(id);
    }
  }

  void look();
  return {
    answered({ method, path, status }) {
      if (method !== "POST" || status >= 300 || !ASKS.test(path)) return;
      asked = true;
      void look();
    },
    stop: () => stopped.abort(),
  };
}

const named = ({ id, checkpoint, suite }: EvaluationSummary) =>
  `evaluation ${id} of ${checkpoint} with ${suite}`;

function sentence(evaluation: EvaluationSummary): string {
  const { state, stage, reason, attempt, shardSeconds } = evaluation;
  const again = attempt > 1 ? `, attempt ${attempt}` : "";
  const how =
    state === "failed"
      ? ` while ${stage ?? "beginning"}: ${reason ?? "for no reason that is known"}`
      : state === "finished"
        ? ` after ${shardSeconds.toFixed(1)} s of computing`
        : "";
  return `${named(evaluation)} is ${state}${again}${how}`;
}
