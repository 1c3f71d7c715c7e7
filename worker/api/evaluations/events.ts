/**
 * Server-sent events of an evaluation: how far it is, whenever that changes, up to its end. An event's id says what was
 * known when it was sent, so that whoever comes back with it hears what is new since.
 */
import type { EvaluationEvent } from "../../../shared/api/evaluations.ts";
import { eventOf, findEvaluation } from "./store.ts";

/** Milliseconds between looks at the database. */
const PAUSE = 1000;
/** So many looks, then the client comes back by itself: a request may make 1,000 calls to storage. */
const LOOKS = 300;
/** Looks without anything new after which a comment says that the line is alive. */
const SILENCE = 15;

export interface EventsOptions {
  /** Of the last event that the client has. */
  readonly lastId: string | undefined;
  readonly wait: (milliseconds: number) => Promise<unknown>;
  readonly looks?: number;
}

/** The text of the stream. */
export async function* evaluationEvents(
  database: D1Database,
  evaluation: string,
  { lastId, wait, looks = LOOKS }: EventsOptions,
): AsyncGenerator<string> {
  let known = lastId;
  let silent = 0;
  yield `retry: ${PAUSE}\n\n`;
  for (let look = 0; look < looks; look++) {
    if (look > 0) await wait(PAUSE);
    const row = await findEvaluation(database, evaluation);
    // Its checkpoint was removed.
    if (!row) return;
    const event = eventOf(row);
    const id = eventId(event);
    const ended = hasEnded(event);
    if (id !== known) {
      known = id;
      silent = 0;
      yield `id: ${id}\nevent: ${ended ? "end" : "progress"}\ndata: ${JSON.stringify(event)}\n\n`;
    } else if (++silent % SILENCE === 0) {
      yield ": still here\n\n";
    }
    if (ended) return;
  }
}

/** Another one whenever there is something new. */
export function eventId({ state, stage, attempt, progress }: EvaluationEvent): string {
  const { done, total } = progress.shards;
  return `${attempt}.${state}.${stage ?? ""}.${done}.${total}`;
}

export function hasEnded({ state }: Pick<EvaluationEvent, "state">): boolean {
  return state === "finished" || state === "failed";
}
