/** Evaluations: asking for one, and following it to its end. */
import type { Checkpoint } from "../checkpoints.ts";
import {
  evaluationEventSchema,
  evaluationListSchema,
  evaluationSchema,
  type Evaluation,
  type EvaluationEvent,
  type EvaluationListQuery,
  type EvaluationSummary,
  type NewEvaluation,
} from "../evaluations.ts";
import { request, requestJson, unreachable, type Connection, type RequestOptions } from "./connection.ts";
import { AnswerError } from "./errors.ts";
import { readEvents } from "./events.ts";
import { ATTEMPTS, patiently, type Patience } from "./patience.ts";

type Signal = Pick<RequestOptions, "signal">;

/** Answers the one that is under way already, where there is one. */
export function startEvaluation(
  connection: Connection,
  wanted: NewEvaluation,
  options?: Signal,
): Promise<Evaluation> {
  return requestJson(connection, evaluationSchema, "evaluations", { ...options, json: wanted });
}

export function getEvaluation(connection: Connection, id: string, options?: Signal): Promise<Evaluation> {
  return requestJson(connection, evaluationSchema, pathOf(id), options);
}

/** A page, the newest first. */
export function listEvaluations(
  connection: Connection,
  query: Partial<EvaluationListQuery> = {},
  options?: Signal,
): Promise<{ evaluations: EvaluationSummary[]; next: string | null }> {
  return requestJson(connection, evaluationListSchema, "evaluations", { ...options, query });
}

/** Has a failed one tried again. */
export function retryEvaluation(connection: Connection, id: string, options?: Signal): Promise<Evaluation> {
  return requestJson(connection, evaluationSchema, `${pathOf(id)}/retry`, { ...options, method: "POST" });
}

/**
 * Asks for an evaluation: one that failed goes on where it was. Null where this board has evaluated the checkpoint with the
 * suite already: the same would come out.
 */
export async function askForEvaluation(
  connection: Connection,
  { id: checkpoint, results }: Checkpoint,
  suite: string,
  options?: Signal,
): Promise<Evaluation | null> {
  const elsewhere: readonly string[] = ["committed", "imported"];
  if (results.some((result) => result.suite === suite && !elsewhere.includes(result.origin))) return null;
  const { evaluations } = await listEvaluations(connection, { checkpoint, suite, limit: 1 }, options);
  const latest = evaluations[0];
  if (latest?.state === "failed") return retryEvaluation(connection, latest.id, options);
  return startEvaluation(connection, { checkpoint, suite }, options);
}

export interface FollowOptions extends Patience, Signal {}

/**
 * How far an evaluation is, whenever that changes, up to its end; the connection may break in between.
 *
 * @throws what requests throw, once patience is at its end.
 */
export async function* followEvaluation(
  connection: Connection,
  id: string,
  { signal, ...patience }: FollowOptions,
): AsyncGenerator<EvaluationEvent> {
  let lastId: string | null = null;
  const open = () =>
    request(connection, `${pathOf(id)}/events`, {
      headers: { Accept: "text/event-stream", ...(lastId !== null && { "Last-Event-ID": lastId }) },
      ...(signal && { signal }),
    });
  let breaks = 0;
  for (;;) {
    const response = await patiently(open, patience);
    // It ended, and we know how.
    if (response.status === 204) return;
    try {
      for await (const { id: eventId, event, data } of readEvents(response, connection.newDecoder())) {
        const known = evaluationEventSchema.safeParse(parsed(data));
        if (!known.success) throw new AnswerError("The board sent an event that this version does not know.");
        lastId = eventId;
        breaks = 0;
        yield known.data;
        if (event === "end") return;
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof AnswerError) throw error;
      // A stream that breaks off without a word is no better than a request without an answer.
      const broken = unreachable(connection.server, error);
      if (++breaks >= (patience.attempts ?? ATTEMPTS)) throw broken;
      patience.onPause?.(broken, 1);
    }
    await patience.wait(1);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const pathOf = (id: string) => `evaluations/${encodeURIComponent(id)}`;
