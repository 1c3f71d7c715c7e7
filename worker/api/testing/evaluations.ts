/** Evaluations without a queue: each message is delivered by the test, in whatever order and however often. */
import { expect } from "vitest";
import { consume } from "../../edge/shards/consume.ts";
import { evaluationSchema, type Evaluation, type Workers } from "../../../shared/api/evaluations.ts";
import type { Shard } from "../../../shared/shards/shard.ts";
import { addShards } from "../evaluations/advance.ts";
import { bindings } from "./bindings.ts";
import { toyFile } from "./models.ts";
import { api, owner } from "./request.ts";
import { suiteText } from "./small-suite.ts";
import { uploadModel } from "./upload.ts";

export async function publish(text: string): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const response = await api("suites", { method: "POST", token: owner, body: text, headers });
  expect(response.status, await response.text()).toBe(201);
}

/** A toy's checkpoint, whose model is another one for every seed. */
export async function toyCheckpoint(seed: number, token = owner): Promise<string> {
  return (await uploadModel(toyFile(seed), { token, card: { name: `toy ${seed}` } })).id;
}

export async function start(
  checkpoint: string,
  suite: string,
  token = owner,
  workers?: Workers,
): Promise<Evaluation> {
  const response = await api("evaluations", { token, json: { checkpoint, suite, workers } });
  expect(response.status, await response.clone().text()).toBe(202);
  return evaluationSchema.parse(await response.json());
}

/** An evaluation of a toy with a suite of its own. @param name of the suite. */
export async function newEvaluation(name: string, seed: number, workers?: Workers): Promise<Evaluation> {
  await publish(suiteText(`${name}@1`));
  return start(await toyCheckpoint(seed), name, owner, workers);
}

export async function show(evaluation: string): Promise<Evaluation> {
  const response = await api(`evaluations/${evaluation}`);
  expect(response.status).toBe(200);
  return evaluationSchema.parse(await response.json());
}

export interface ShardState {
  readonly id: string;
  readonly state: "open" | "leased" | "done" | "failed";
  readonly attempts: number;
  readonly payload: string | null;
  readonly error: string | null;
}

export async function shardsOf(evaluation: string): Promise<ShardState[]> {
  const { results } = await bindings.DB.prepare(
    "SELECT id, state, attempts, payload, error FROM shards WHERE evaluation = ? ORDER BY id",
  )
    .bind(evaluation)
    .all<ShardState>();
  return results;
}

export async function openShards(evaluation: string): Promise<string[]> {
  return (await shardsOf(evaluation)).filter(({ state }) => state === "open").map(({ id }) => id);
}

/** Shards that nobody can run: for what does not look into them. */
export async function addOpaqueShards(evaluation: string, ids: readonly string[]): Promise<void> {
  const shards = ids.map((id, i): Shard => {
    const spec = { kind: "measure", family: null, first: i, count: 1 } as const;
    return { id, stage: "measuring", operations: 100, needs: [], spec };
  });
  await addShards(bindings.DB, evaluation, shards, Date.now());
}

/** As the queue delivers a message. @param shard null: find out what comes next. @param replay which one to run. */
export function deliver(evaluation: string, shard: string | null, env = bindings, replay?: number) {
  return consume(env, { evaluation, shard, ...(replay !== undefined && { replay }) });
}

/** Everything up to the end, one message after another. */
export async function runToEnd(evaluation: string): Promise<Evaluation> {
  await deliver(evaluation, null);
  for (;;) {
    const [next] = await openShards(evaluation);
    if (next === undefined) return show(evaluation);
    await deliver(evaluation, next);
  }
}
