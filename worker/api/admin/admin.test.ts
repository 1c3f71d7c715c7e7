import { expect, test } from "vitest";
import { accountListSchema, type ListedAccount } from "../../../shared/api/accounts.ts";
import { hiddenRowsSchema, workerListSchema, type ListedWorker } from "../../../shared/api/admin.ts";
import { checkpointSchema } from "../../../shared/api/checkpoints.ts";
import { cutOff } from "../trust/cut-off.ts";
import { bindings } from "../testing/bindings.ts";
import { deliver, newEvaluation, publish, start, toyCheckpoint } from "../testing/evaluations.ts";
import { LentWorker, work } from "../testing/lent-worker.ts";
import { toyFile } from "../testing/models.ts";
import { api, apiWith, owner, problemOf } from "../testing/request.ts";
import { SIGN_IN, signedIn } from "../testing/signed-in.ts";
import { suiteText, syntheticResult } from "../testing/small-suite.ts";
import { uploadModel } from "../testing/upload.ts";

const read = async (path: string) => (await apiWith(SIGN_IN, path, { token: owner })).json();
const workers = async (): Promise<ListedWorker[]> =>
  workerListSchema.parse(await read("admin/workers")).workers;
const accounts = async (): Promise<ListedAccount[]> =>
  accountListSchema.parse(await read("admin/accounts")).accounts;

test("a board where nothing happened yet", async () => {
  expect(await workers()).toEqual([]);
  expect(await accounts()).toEqual([]);
  expect(hiddenRowsSchema.parse(await read("admin/hidden")).rows).toEqual([]);
});

test("hidden rows of all boards, the last one first", async () => {
  for (const name of ["left", "right"]) {
    const suite = suiteText(`${name}@1`);
    await publish(suite);
    const result = await syntheticResult({ suite, model: name.length, name: `of ${name}` });
    const imported = await api("import", { token: owner, json: [result] });
    const { results } = await imported.json<{ results: { checkpoint: string }[] }>();
    const path = `boards/${name}/rows/${results[0]!.checkpoint}/hide`;
    expect((await api(path, { token: owner, json: { reason: `why ${name}` } })).status).toBe(200);
    await scheduler.wait(2);
  }
  const { rows } = hiddenRowsSchema.parse(await read("admin/hidden"));
  expect(rows.map(({ suite, name, reason }) => [suite, name, reason])).toEqual([
    ["right@1", "of right", "why right"],
    ["left@1", "of left", "why left"],
  ]);
  await api(`boards/right@1/rows/${rows[0]!.checkpoint}/show`, { method: "POST", token: owner });
  expect(hiddenRowsSchema.parse(await read("admin/hidden")).rows.map(({ suite }) => suite)).toEqual([
    "left@1",
  ]);
});

test("workers: what they did, hold, and were cut off for", async () => {
  const { id: evaluation } = await newEvaluation("lent", 1, "lent");
  const [good, bad] = [await LentWorker.create(), await LentWorker.create()];
  await work(evaluation, [good, bad]);
  const named = async (id: string) => (await workers()).find(({ worker }) => worker === id)!;
  const before = await named(bad.id);
  expect(before).toMatchObject({ label: "test", devices: ["cpu"], evaluations: 1, cutOff: null, holding: 0 });
  expect(before.shards).toBeGreaterThan(0);
  const all = (await workers()).reduce((sum, { shards }) => sum + shards, 0);
  const done = await bindings.DB.prepare("SELECT shards_done FROM evaluations WHERE id = ?")
    .bind(evaluation)
    .first<number>("shards_done");
  expect(all).toBe(done);

  await cutOff(
    bindings,
    { worker: bad.id, reason: "It was wrong.", evaluation, shard: "measure/x" },
    Date.now(),
  );
  const [first] = await workers();
  expect(first).toMatchObject({
    ...{ worker: bad.id, redone: before.shards },
    cutOff: { reason: "It was wrong.", evaluation, shard: "measure/x" },
  });
  expect((await api(`work/cut-off/${bad.id}`, { method: "DELETE", token: owner })).status).toBe(204);
  expect((await named(bad.id)).cutOff).toBeNull();

  const other = await start(await toyCheckpoint(2), "lent", owner, "lent");
  await deliver(other.id, null);
  const claimed = await good.claim({ prefer: other.id });
  expect(claimed).not.toBeNull();
  expect((await named(good.id)).holding).toBe(1);
});

test("an account's machines go by its name", async () => {
  const { account } = await signedIn("ida", 5);
  await bindings.DB.prepare(
    "INSERT INTO cut_offs (worker, at, reason, evaluation, shard) VALUES (?, 1, 'Wrong.', 'e', 's')",
  )
    .bind(account.id)
    .run();
  expect((await workers()).find(({ worker }) => worker === account.id)).toMatchObject({
    ...{ label: "ida", shards: 0, cutOff: { evaluation: null } },
  });
});

test("accounts: what they use, and whether they are shut out", async () => {
  const { ask, account } = await signedIn("judy", 6);
  await signedIn("Ada", 7);
  const made = await ask("account/tokens", { json: { label: "x", scopes: ["submit"] } });
  const { token } = await made.json<{ token: string }>();
  const { id, bytes } = checkpointSchema.parse(await uploadModel(toyFile(50), { token }));
  await publish(suiteText("used@1"));
  await start(id, "used", token);
  const judy = async () => (await accounts()).find((each) => each.id === account.id)!;
  expect(await judy()).toMatchObject({
    ...{ login: "judy", admin: false, blocked: null, checkpoints: 1, storedBytes: bytes },
    ...{ evaluationsToday: 1, tokens: 1 },
  });
  expect((await accounts()).find(({ login }) => login === "Ada")).toMatchObject({
    admin: true,
    checkpoints: 0,
  });
  const path = `admin/accounts/${account.id}`;
  const block = (json: unknown) => api(`${path}/block`, { token: owner, json });
  expect((await block({ reason: "  " })).status).toBe(422);
  expect((await block({ reason: "a\u202Eb" })).status).toBe(422);
  expect((await judy()).blocked).toBeNull();
  expect((await block({ reason: "spam" })).status).toBe(204);
  expect((await judy()).blocked).toMatchObject({ reason: "spam" });
  expect((await api(`${path}/let-in`, { method: "POST", token: owner })).status).toBe(204);
  expect((await judy()).blocked).toBeNull();
  const nobody = "admin/accounts/ffffffffffffffff";
  expect(await problemOf(await api(`${nobody}/let-in`, { method: "POST", token: owner }))).toMatchObject({
    ...{ status: 404, code: "no-such-account" },
  });
  expect((await api(`${nobody}/block`, { token: owner, json: { reason: "x" } })).status).toBe(404);
});
