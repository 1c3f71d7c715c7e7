/** The whole board in one isolate: the API as the compute worker's neighbour, with the same D1, R2 and queue. */
// First: it teaches zod what the schemas of the API are described with.
import { app } from "../../worker/api/app.ts";
import {
  applyD1Migrations,
  createExecutionContext,
  waitOnExecutionContext,
  type D1Migration,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { evaluationSchema, type Evaluation } from "../../shared/api/evaluations.ts";
import { PART_BYTES } from "../../shared/api/uploads.ts";
import type { Bindings } from "../../worker/api/environment.ts";

const OWNER = "the-owners-token-which-tests-alone-know";

export const bindings = { ...env, PLATEAU_OWNER_TOKEN: OWNER } as unknown as Bindings & {
  readonly MIGRATIONS: D1Migration[];
};

export async function migrate(): Promise<void> {
  await applyD1Migrations(bindings.DB, bindings.MIGRATIONS);
}

/** @param path below `/api/v1/`. */
export async function board(method: string, path: string, body?: object | Uint8Array): Promise<Response> {
  const context = createExecutionContext();
  const raw = body instanceof Uint8Array;
  const request = new Request(`http://localhost/api/v1/${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${OWNER}`,
      ...(body && { "Content-Type": raw ? "application/octet-stream" : "application/json" }),
      ...(raw && { "Content-Length": String(body.byteLength) }),
    },
    ...(body && { body: raw ? body : JSON.stringify(body) }),
  });
  const response = await app.fetch(request, bindings, context);
  await waitOnExecutionContext(context);
  return response;
}

/** The answer, which must be a success. */
export async function answerOf<T>(response: Response): Promise<T> {
  expect(response.status, await response.clone().text()).toBeLessThan(300);
  return response.json<T>();
}

/** @returns the checkpoint's id. */
export async function upload(model: Uint8Array, name: string): Promise<string> {
  const { id } = await answerOf<{ id: string }>(
    await board("POST", "checkpoints", { bytes: model.byteLength, card: { name } }),
  );
  for (let i = 0; i * PART_BYTES < model.byteLength; i++) {
    const part = model.subarray(i * PART_BYTES, (i + 1) * PART_BYTES);
    await answerOf(await board("PUT", `checkpoints/${id}/parts/${i + 1}`, part));
  }
  await answerOf(await board("POST", `checkpoints/${id}/complete`));
  return id;
}

export async function startEvaluation(checkpoint: string, suite: string): Promise<string> {
  return (await answerOf<Evaluation>(await board("POST", "evaluations", { checkpoint, suite }))).id;
}

export async function evaluation(id: string): Promise<Evaluation> {
  return evaluationSchema.parse(await answerOf(await board("GET", `evaluations/${id}`)));
}

/** Waits for the queue to do its work. */
export async function ended(id: string): Promise<Evaluation> {
  for (;;) {
    const now = await evaluation(id);
    if (now.state === "finished" || now.state === "failed") return now;
    await scheduler.wait(100);
  }
}
