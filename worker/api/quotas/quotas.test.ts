import { expect, test } from "vitest";
import { quotasSchema } from "../../../shared/api/accounts.ts";
import { evaluationSchema } from "../../../shared/api/evaluations.ts";
import type { Bindings } from "../environment.ts";
import { handleScheduled } from "../scheduled/handle.ts";
import { bindings } from "../testing/bindings.ts";
import { publish, toyCheckpoint } from "../testing/evaluations.ts";
import { toyFile } from "../testing/models.ts";
import { apiWith, owner, problemOf, tokenFor } from "../testing/request.ts";
import { signedIn } from "../testing/signed-in.ts";
import { suiteText } from "../testing/small-suite.ts";
import { uploadModel } from "../testing/upload.ts";
import { evaluationsToday } from "./evaluations.ts";

const DAY = 86_400_000;
/** Not at the day's end: counts would begin anew. */
const untilMidnight = DAY - (Date.now() % DAY);
if (untilMidnight < 30_000) await scheduler.wait(untilMidnight);

type Ask = (path: string, json?: unknown) => Promise<Response>;
const asker =
  (token: string, settings: Partial<Bindings>): Ask =>
  (path, json) =>
    apiWith(settings, path, { token, ...(json !== undefined && { json }) });
const quotas = async (ask: Ask) => quotasSchema.parse(await (await ask("quotas")).json());
const seconds = (response: Response) => Number(response.headers.get("Retry-After"));

await Promise.all(["one", "two", "three"].map((name) => publish(suiteText(`${name}@1`))));

test("so many evaluations a day, then 429 until midnight UTC; the next day begins anew", async () => {
  const token = await tokenFor(["submit"]);
  const ask = asker(token, { QUOTA_EVALUATIONS_PER_DAY: 2 });
  const checkpoint = await toyCheckpoint(1, token);
  const start = (suite: string) => ask("evaluations", { checkpoint, suite });
  expect((await quotas(ask)).evaluationsPerDay).toMatchObject({ used: 0, most: 2 });
  expect((await start("one")).status).toBe(202);
  // The same once more is the same.
  expect((await start("one")).status).toBe(200);
  const second = evaluationSchema.parse(await (await start("two")).json());
  const refused = await start("three");
  const left = DAY - (Date.now() % DAY);
  expect(Math.abs(seconds(refused) - left / 1000)).toBeLessThan(10);
  expect(await problemOf(refused)).toMatchObject({
    ...{ status: 429, code: "evaluations-used-up" },
    detail: expect.stringContaining("T00:00:00.000Z"),
  });
  // Those that are under way are still found.
  expect((await start("two")).status).toBe(200);
  const { evaluationsPerDay } = await quotas(ask);
  expect(evaluationsPerDay).toMatchObject({ used: 2, most: 2 });
  expect(Date.parse(evaluationsPerDay.resetsAt) % DAY).toBe(0);

  // A retry counts as one.
  const { DB } = bindings;
  await DB.prepare("UPDATE evaluations SET state = 'failed', ended_at = 1, reason = 'test' WHERE id = ?")
    .bind(second.id)
    .run();
  const retry = (by: Ask) => by(`evaluations/${second.id}/retry`, {});
  expect(await problemOf(await retry(ask))).toMatchObject({ status: 429, code: "evaluations-used-up" });
  expect((await retry(asker(token, { QUOTA_EVALUATIONS_PER_DAY: "3" }))).status).toBe(202);
  expect((await quotas(ask)).evaluationsPerDay.used).toBe(3);

  // Removing what was evaluated gives nothing back.
  await apiWith({}, `checkpoints/${checkpoint}`, { method: "DELETE", token });
  expect((await quotas(ask)).evaluationsPerDay.used).toBe(3);
  const id = token.split("_")[1]!;
  expect(await evaluationsToday(DB, id, Date.now() + DAY)).toBe(0);
  await handleScheduled(bindings, "", Date.now() + 40 * DAY);
  expect(await evaluationsToday(DB, id, Date.now())).toBe(0);
});

test("many at once get no more than they may have", async () => {
  const token = await tokenFor(["submit"]);
  const ask = asker(token, { QUOTA_EVALUATIONS_PER_DAY: 4 });
  const checkpoints = await Promise.all([11, 12, 13, 14].map((seed) => toyCheckpoint(seed, token)));
  const wanted = checkpoints.flatMap((checkpoint) => ["one", "two"].map((suite) => ({ checkpoint, suite })));
  const statuses = await Promise.all(wanted.map(async (each) => (await ask("evaluations", each)).status));
  expect(statuses.filter((status) => status === 202)).toHaveLength(4);
  expect(statuses.filter((status) => status === 429)).toHaveLength(4);
});

test("evaluating without storing counts, and is open to who is signed in", async () => {
  const { ask } = await signedIn("bob", 1, { settings: { QUOTA_EVALUATIONS_PER_DAY: 1 } });
  const headers = { "CF-Connecting-IP": "192.0.2.1" };
  const evaluate = () => ask("evaluate?suite=one", { method: "POST", body: new Uint8Array(8), headers });
  const first = await evaluate();
  await first.body?.cancel();
  expect([401, 403, 429]).not.toContain(first.status);
  expect(await problemOf(await evaluate())).toMatchObject({ status: 429, code: "evaluations-used-up" });
  const strangers = await apiWith({}, "evaluate?suite=one", { method: "POST", headers });
  expect(await problemOf(strangers)).toMatchObject({ status: 401 });
});

test("so many bytes are kept; room is made by removing", async () => {
  const token = await tokenFor(["submit"]);
  const { bytes, id } = await uploadModel(toyFile(21), { token });
  const ask = asker(token, { QUOTA_STORED_BYTES: bytes! + 100 });
  expect((await quotas(ask)).storedBytes).toEqual({ used: bytes, most: bytes! + 100 });
  const begin = (size: number) => ask("checkpoints", { file: "m.onnx", bytes: size });
  const refused = await begin(101);
  expect(refused.headers.get("Retry-After")).toBeNull();
  const problem = await problemOf(refused);
  expect(problem).toMatchObject({ status: 429, code: "storage-used-up" });
  expect(problem.detail).toContain(`keeps ${bytes! + 100} bytes for one account; you have ${bytes}`);
  // What is on its way counts as well.
  expect((await begin(60)).status).toBe(201);
  expect((await quotas(ask)).storedBytes.used).toBe(bytes! + 60);
  expect((await problemOf(await begin(60))).code).toBe("storage-used-up");
  expect((await begin(40)).status).toBe(201);
  await apiWith({}, `checkpoints/${id}`, { method: "DELETE", token });
  expect((await begin(60)).status).toBe(201);
});

test("so many uploads under way, and when the next one may begin", async () => {
  const token = await tokenFor(["submit"]);
  const ask = asker(token, { QUOTA_PENDING_UPLOADS: 2 });
  const begin = () => ask("checkpoints", { file: "m.onnx", bytes: 10 });
  const begun = await (await begin()).json<{ id: string }>();
  expect((await begin()).status).toBe(201);
  const refused = await begin();
  expect(seconds(refused)).toBeGreaterThan(86_000);
  expect(seconds(refused)).toBeLessThanOrEqual(86_400);
  expect(await problemOf(refused)).toMatchObject({ status: 429, code: "too-many-uploads" });
  expect((await quotas(ask)).pendingUploads).toEqual({ used: 2, most: 2 });
  await apiWith({}, `checkpoints/${begun.id}`, { method: "DELETE", token });
  expect((await begin()).status).toBe(201);
});

test("tokens of one account share its quota, and others have their own", async () => {
  const settings = { QUOTA_PENDING_UPLOADS: 1 };
  const { ask } = await signedIn("carol", 2, { settings });
  const begin = (by: Ask) => by("checkpoints", { file: "m.onnx", bytes: 10 });
  const made = await ask("account/tokens", { json: { label: "x", scopes: ["submit"] } });
  const { token } = await made.json<{ token: string }>();
  expect((await ask("checkpoints", { json: { file: "m.onnx", bytes: 10 } })).status).toBe(201);
  expect((await begin(asker(token, settings))).status).toBe(429);
  expect((await begin(asker(await tokenFor(["submit"]), settings))).status).toBe(201);
});

test("those who run the board are not limited, nor is anyone where nothing is configured", async () => {
  const settings = { QUOTA_EVALUATIONS_PER_DAY: 0, QUOTA_STORED_BYTES: 0, QUOTA_PENDING_UPLOADS: 0 };
  const both = await tokenFor(["submit", "admin"]);
  for (const token of [owner, both]) {
    const ask = asker(token, settings);
    const checkpoint = await toyCheckpoint(31, token);
    expect((await ask("checkpoints", { file: "m.onnx", bytes: 10 })).status).toBe(201);
    expect((await ask("evaluations", { checkpoint, suite: "one" })).status).toBe(202);
    expect((await quotas(ask)).storedBytes.most).toBeNull();
  }
  const nothing = { QUOTA_EVALUATIONS_PER_DAY: "", QUOTA_STORED_BYTES: "", QUOTA_PENDING_UPLOADS: "" };
  const { evaluationsPerDay, pendingUploads } = await quotas(asker(await tokenFor(["submit"]), nothing));
  expect([evaluationsPerDay.most, pendingUploads.most]).toEqual([null, null]);
});

test.each(["ten", "-1", "1.5", "1e99"])("a quota of '%s' is said to be wrong", async (value) => {
  const ask = asker(await tokenFor(["submit"]), { QUOTA_STORED_BYTES: value });
  expect(await problemOf(await ask("quotas"))).toMatchObject({
    ...{
      status: 503,
      code: "quota-misconfigured",
      detail: expect.stringContaining(`QUOTA_STORED_BYTES is '${value}'`),
    },
  });
});
