import { expect, test } from "vitest";
import { importReportSchema } from "../../../shared/api/archive.ts";
import { boardPageSchema } from "../../../shared/api/boards.ts";
import { checkpointSchema, ownCheckpointsSchema } from "../../../shared/api/checkpoints.ts";
import { toyFile } from "../testing/models.ts";
import { api, owner, problemOf, tokenFor } from "../testing/request.ts";
import { suiteText, syntheticResult } from "../testing/small-suite.ts";
import { beginUpload, uploadModel } from "../testing/upload.ts";

const patch = (id: string, token: string, json: unknown) =>
  api(`checkpoints/${id}`, { method: "PATCH", token, json });
const changed = async (id: string, token: string, json: unknown) =>
  checkpointSchema.parse(await (await patch(id, token, json)).json());

test("visibility and fields of the card, one by one", async () => {
  const token = await tokenFor(["submit"]);
  const card = { name: "before", run: "r1", step: 10, notes: "kept", lr: 0.001 };
  const { id } = await uploadModel(toyFile(60), { token, card });
  expect((await api(`checkpoints/${id}/file`)).status).toBe(404);
  expect(await changed(id, token, { visibility: "public" })).toMatchObject({ visibility: "public", card });
  expect((await api(`checkpoints/${id}/file`)).status).toBe(200);
  const after = await changed(id, token, { card: { name: " after ", step: null, family: "f", lr: 0.01 } });
  expect(after).toMatchObject({ name: "after", run: "r1", family: "f", step: null, visibility: "public" });
  expect(after.card).toEqual({ name: "after", run: "r1", family: "f", notes: "kept", lr: 0.01 });
  // Without a name in the card it keeps the one it had.
  expect(await changed(id, owner, { card: { name: null } })).toMatchObject({ name: "after" });
});

test("rows on boards are called as their checkpoint", async () => {
  const suite = suiteText("renamed@1");
  await api("suites", {
    method: "POST",
    token: owner,
    body: suite,
    headers: { "Content-Type": "application/json" },
  });
  const result = await syntheticResult({ suite, model: 2, name: "old", run: "r" });
  const imported = await api("import", { token: owner, json: result });
  const { checkpoint } = importReportSchema.parse(await imported.json()).results[0]!;
  const rows = async (query: string) =>
    boardPageSchema.parse(await (await api(`boards/renamed?${query}`)).json()).rows;
  const etag = (await api("boards/renamed")).headers.get("ETag");
  await changed(checkpoint, await tokenFor(["admin"]), {
    card: { name: "NEW", run: null, family: "g", step: 5 },
  });
  expect(await rows("name=new")).toMatchObject([
    { checkpoint, name: "NEW", run: null, family: "g", step: 5 },
  ]);
  expect(await rows("name=old")).toEqual([]);
  expect((await api("boards/renamed")).headers.get("ETag")).not.toBe(etag);
});

test("only its owner or an admin may change it, and only so", async () => {
  const token = await tokenFor(["submit"]);
  const { id } = await uploadModel(toyFile(61), { token });
  const stranger = await tokenFor(["submit", "work", "evaluate"]);
  expect(await problemOf(await patch(id, stranger, { visibility: "public" }))).toMatchObject({
    status: 403,
    code: "not-yours",
  });
  expect((await patch(id, await tokenFor(["admin"]), { visibility: "public" })).status).toBe(200);
  for (const [body, path] of [
    [{}, ""],
    [{ visibility: "secret" }, "visibility"],
    [{ card: { name: "" } }, "card.name"],
    [{ card: { run: "a\nb" } }, "card.run"],
    [{ card: { nested: [] } }, "card.nested"],
    [{ owner: "owner" }, ""],
    [{ sha256: "0".repeat(64) }, ""],
    [[], ""],
  ] as const) {
    expect(await problemOf(await patch(id, token, body)), JSON.stringify(body)).toMatchObject({
      status: 422,
      errors: expect.arrayContaining([expect.objectContaining({ in: "body", path })]),
    });
  }
  const notes = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`n${i}`, "x".repeat(9999)]));
  expect((await patch(id, token, { card: notes })).status).toBe(200);
  const more = Object.fromEntries(Object.entries(notes).map(([key, value]) => [`${key}b`, value]));
  expect(await problemOf(await patch(id, token, { card: more }))).toMatchObject({ status: 422 });
  expect((await patch(id, token, { card: { x: "y".repeat(600_000) } })).status).toBe(413);
  expect(await problemOf(await patch("aaaaaaaaaaaaaaaa", token, { visibility: "public" }))).toMatchObject({
    status: 404,
  });
});

test("a token lists what it has uploaded, newest first, page by page", async () => {
  const token = await tokenFor(["submit"]);
  const ids: string[] = [];
  for (let seed = 62; seed < 65; seed++) ids.unshift((await uploadModel(toyFile(seed), { token })).id);
  const { id: pending } = await beginUpload(123, { token, card: { name: "pending" } });
  await beginUpload(10, { token: await tokenFor(["submit"]) });
  const list = async (query = "") =>
    ownCheckpointsSchema.parse(await (await api(`checkpoints${query}`, { token })).json());
  const all = await list();
  expect(all.next).toBeNull();
  expect(all.checkpoints.map(({ id }) => id)).toEqual([pending, ...ids]);
  expect(all.checkpoints[0]).toMatchObject({ state: "pending", name: "pending", bytes: 123, sha256: null });
  expect(all.checkpoints[1]).toMatchObject({ state: "complete", parameters: 493, expiresAt: null });
  const found: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: Awaited<ReturnType<typeof list>> = await list(`?limit=3${cursor && `&cursor=${cursor}`}`);
    found.push(...page.checkpoints.map(({ id }) => id));
    cursor = page.next;
  }
  expect(found).toEqual([pending, ...ids]);
  for (const query of ["?cursor=1'--", "?limit=0", "?limit=501", "?mine=true"]) {
    expect(await problemOf(await api(`checkpoints${query}`, { token })), query).toMatchObject({
      status: 400,
    });
  }
});
