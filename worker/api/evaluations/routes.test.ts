import { expect, test } from "vitest";
import { evaluationListSchema, evaluationSchema } from "../../../shared/api/evaluations.ts";
import { bindings } from "../testing/bindings.ts";
import { newEvaluation, publish, show, start, toyCheckpoint } from "../testing/evaluations.ts";
import { api, owner, problemOf, tokenFor } from "../testing/request.ts";
import { suiteText, syntheticResult } from "../testing/small-suite.ts";
import { LARGEST_EDGE_MODEL } from "../../../shared/api/edge-limits.ts";

const ask = (checkpoint: string, suite: string, token = owner) =>
  api("evaluations", { token, json: { checkpoint, suite } });
const list = async (query: string) => {
  const response = await api(`evaluations?${query}`);
  expect(response.status, await response.clone().text()).toBe(200);
  return evaluationListSchema.parse(await response.json());
};

test("an evaluation is asked for once, and asking again answers the same", async () => {
  await publish(suiteText("once@1"));
  await publish(suiteText("once@2"));
  const checkpoint = await toyCheckpoint(1);
  const asked = await ask(checkpoint, "once");
  expect(asked.status).toBe(202);
  const evaluation = evaluationSchema.parse(await asked.json());
  expect(evaluation).toMatchObject({
    ...{ checkpoint, suite: "once@2", state: "queued", stage: null, reason: null, device: "edge" },
    ...{ attempt: 1, seed: 1, receipt: null, startedAt: null, endedAt: null, resultSha256: null },
    progress: { share: 0, shards: { done: 0, total: 0 } },
  });
  expect(asked.headers.get("Location")).toBe(`/api/v1/evaluations/${evaluation.id}`);
  const shown = await api(asked.headers.get("Location")!);
  expect(shown.headers.get("Cache-Control")).toBe("no-store");
  expect(await shown.json()).toEqual(evaluation);

  for (const name of ["once", "once@2"]) {
    const again = await ask(checkpoint, name);
    expect(again.status).toBe(200);
    expect(again.headers.get("Location")).toBe(asked.headers.get("Location"));
    expect(await again.json()).toEqual(evaluation);
  }
  const older = await start(checkpoint, "once@1");
  expect(older.id).not.toBe(evaluation.id);
});

test("many who ask at once get one evaluation", async () => {
  await publish(suiteText("many@1"));
  const checkpoint = await toyCheckpoint(2);
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(checkpoint, "many")));
  const ids = await Promise.all(answers.map(async (answer) => (await answer.json<{ id: string }>()).id));
  expect(new Set(ids).size).toBe(1);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 202]);
});

test("the owner of a checkpoint may ask, and an admin, and nobody else", async () => {
  await publish(suiteText("mine@1"));
  const mine = await tokenFor(["submit"]);
  const checkpoint = await toyCheckpoint(3, mine);
  expect(await problemOf(await ask(checkpoint, "mine", await tokenFor(["submit"])))).toMatchObject({
    ...{ status: 403, code: "not-yours" },
  });
  expect((await ask(checkpoint, "mine", mine)).status).toBe(202);
  expect((await ask(checkpoint, "mine", await tokenFor(["admin"]))).status).toBe(200);
  const { id } = (await list("suite=mine")).evaluations[0]!;
  for (const token of [await tokenFor(["submit"]), mine]) {
    const retried = await problemOf(await api(`evaluations/${id}/retry`, { method: "POST", token }));
    expect(retried.status).toBe(token === mine ? 409 : 403);
  }
});

test("what cannot be evaluated is refused, with the reason", async () => {
  await publish(suiteText("refused@1"));
  const nothing = "a".repeat(16);
  expect(await problemOf(await ask(nothing, "refused"))).toMatchObject({ code: "no-such-checkpoint" });
  const checkpoint = await toyCheckpoint(4);
  expect(await problemOf(await ask(checkpoint, "unheard-of"))).toMatchObject({ code: "no-such-suite" });
  expect(await problemOf(await ask(checkpoint, "refused@7"))).toMatchObject({ code: "no-such-suite" });
  for (const json of [{ checkpoint }, { checkpoint, suite: "refused", workers: "gpu" }, [], "x"]) {
    expect((await api("evaluations", { token: owner, json })).status).toBe(422);
  }
  expect(await problemOf(await ask("../../x", "refused"))).toMatchObject({ code: "invalid-request" });
  const long = { checkpoint, suite: "refused", more: "x".repeat(5000) };
  expect((await api("evaluations", { token: owner, json: long })).status).toBe(413);

  const result = await syntheticResult({ suite: suiteText("refused@1"), model: 1 });
  const imported = await (
    await api("import", { token: owner, json: result })
  ).json<{
    results: { checkpoint: string }[];
  }>();
  expect(await problemOf(await ask(imported.results[0]!.checkpoint, "refused"))).toMatchObject({
    ...{ status: 422, code: "no-file", detail: expect.stringContaining("upload the model") },
  });

  const bytes = LARGEST_EDGE_MODEL + 1;
  await bindings.DB.prepare("UPDATE checkpoints SET bytes = ? WHERE id = ?").bind(bytes, checkpoint).run();
  const json = { checkpoint, suite: "refused", workers: "edge" };
  expect(await problemOf(await api("evaluations", { token: owner, json }))).toMatchObject({
    ...{ status: 422, code: "too-big", detail: expect.stringContaining(`${bytes} bytes`) },
  });
  expect((await list("suite=refused")).evaluations).toEqual([]);
});

test("lent workers evaluate what is too big for the edge, and what they are asked to", async () => {
  await publish(suiteText("lent@1"));
  const [small, big] = [await toyCheckpoint(9), await toyCheckpoint(10)];
  expect(await start(small, "lent", owner, "lent")).toMatchObject({ device: "lent", state: "queued" });
  // Whoever runs it: it is under way.
  const again = await ask(small, "lent");
  expect([again.status, (await again.json<{ device: string }>()).device]).toEqual([200, "lent"]);
  const bytes = LARGEST_EDGE_MODEL + 1;
  await bindings.DB.prepare("UPDATE checkpoints SET bytes = ? WHERE id = ?").bind(bytes, big).run();
  expect(await start(big, "lent")).toMatchObject({ device: "lent" });
});

test("evaluations are listed by suite, checkpoint and state, page by page, the newest first", async () => {
  await publish(suiteText("listed@1"));
  await publish(suiteText("listed-too@1"));
  const checkpoints = [await toyCheckpoint(5), await toyCheckpoint(6), await toyCheckpoint(7)];
  for (const checkpoint of checkpoints) await start(checkpoint, "listed");
  await start(checkpoints[0]!, "listed-too");
  const all = await list("suite=listed");
  expect(all.next).toBeNull();
  expect(new Set(all.evaluations.map(({ checkpoint }) => checkpoint))).toEqual(new Set(checkpoints));
  const times = all.evaluations.map(({ createdAt }) => createdAt);
  expect(times).toEqual([...times].sort().reverse());

  const pages: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page = await list(`suite=listed&limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    pages.push(...page.evaluations.map(({ id }) => id));
    cursor = page.next;
  }
  expect(pages).toEqual(all.evaluations.map(({ id }) => id));

  const first = await list(`checkpoint=${checkpoints[0]}`);
  expect(first.evaluations.map(({ suite }) => suite).sort()).toEqual(["listed-too@1", "listed@1"]);
  expect((await list("suite=listed&state=finished")).evaluations).toEqual([]);
  expect((await list("suite=listed&state=queued&limit=500")).evaluations).toHaveLength(3);
  for (const query of [
    "state=lost",
    "limit=0",
    "limit=501",
    "cursor=x",
    "checkpoint=x",
    "suite=none",
    "what=1",
  ]) {
    expect([400, 404]).toContain((await api(`evaluations?${query}`)).status);
  }
});

test("there is nothing of an evaluation that does not exist", async () => {
  const none = "b".repeat(16);
  for (const path of [`evaluations/${none}`, `evaluations/${none}/events`]) {
    expect(await problemOf(await api(path))).toMatchObject({ status: 404, code: "no-such-evaluation" });
  }
  const retried = await api(`evaluations/${none}/retry`, { method: "POST", token: owner });
  expect(await problemOf(retried)).toMatchObject({ status: 404, code: "no-such-evaluation" });
  expect((await api("evaluations/NOT-AN-ID")).status).toBe(400);
});

test("with its checkpoint an evaluation goes", async () => {
  const { id, checkpoint } = await newEvaluation("gone", 8);
  expect((await show(id)).state).toBe("queued");
  expect((await api(`checkpoints/${checkpoint}`, { method: "DELETE", token: owner })).status).toBe(204);
  expect((await api(`evaluations/${id}`)).status).toBe(404);
});
