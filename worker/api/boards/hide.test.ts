import { beforeAll, expect, test } from "vitest";
import {
  boardColumnsSchema,
  boardListSchema,
  boardPageSchema,
  hiddenListSchema,
  hiddenRowSchema,
} from "../../../shared/api/boards.ts";
import { checkpointSchema } from "../../../shared/api/checkpoints.ts";
import { importReportSchema } from "../../../shared/api/archive.ts";
import { bindings } from "../testing/bindings.ts";
import { api, owner, problemOf } from "../testing/request.ts";
import { recomputeStaleTiers } from "./tiers/recompute.ts";
import { groupedSuite, resultOf } from "../testing/grouped-suite.ts";
import { suiteText, syntheticResult } from "../testing/small-suite.ts";

const ids: string[] = [];

beforeAll(async () => {
  const suite = suiteText("hidden@1");
  await api("suites", { token: owner, json: JSON.parse(suite) });
  const results = await Promise.all(
    [0, 1, 2].map((model) => syntheticResult({ suite, model, name: `model ${model}`, loss: model })),
  );
  const report = await (await api("import", { token: owner, json: results })).json();
  ids.push(...importReportSchema.parse(report).results.map(({ checkpoint }) => checkpoint));
});

const row = (id: string, doing: string) => `boards/hidden/rows/${id}/${doing}`;
const hide = (id: string, json: unknown) => api(row(id, "hide"), { token: owner, json });
const page = async () => boardPageSchema.parse(await (await api("boards/hidden")).json());
const names = async () => (await page()).rows.map(({ name }) => name);
const hidden = async () => hiddenListSchema.parse(await (await api("boards/hidden/hidden")).json()).hidden;

test("a hidden row leaves list, columns, CSV and count, and is told with its reason until it is shown again", async () => {
  const etag = (await api("boards/hidden")).headers.get("ETag");
  const response = await hide(ids[0]!, { reason: " trained on the suite " });
  expect(response.status).toBe(200);
  const told = hiddenRowSchema.parse(await response.json());
  expect(told).toMatchObject({ checkpoint: ids[0], name: "model 0", reason: "trained on the suite" });
  expect(await names()).toEqual(["model 1", "model 2"]);
  expect((await page()).checkpoints).toBe(2);
  expect((await api("boards/hidden")).headers.get("ETag")).not.toBe(etag);
  const { boards } = boardListSchema.parse(await (await api("boards")).json());
  expect(boards).toMatchObject([{ suite: "hidden@1", checkpoints: 2 }]);
  const { columns, checkpoints } = boardColumnsSchema.parse(
    await (await api("boards/hidden/columns")).json(),
  );
  expect([checkpoints, columns.name.sort()]).toEqual([2, ["model 1", "model 2"]]);
  expect(await (await api("boards/hidden?format=csv")).text()).not.toContain("model 0");
  expect(await hidden()).toEqual([told]);
  const itself = checkpointSchema.parse(await (await api(`checkpoints/${ids[0]}`)).json());
  expect(itself.results).toMatchObject([
    { suite: "hidden@1", hidden: { reason: "trained on the suite", hiddenAt: told.hiddenAt } },
  ]);

  await hide(ids[1]!, { reason: "withdrawn" });
  await hide(ids[0]!, { reason: "another reason" });
  expect((await hidden()).map(({ reason }) => reason).sort()).toEqual(["another reason", "withdrawn"]);
  expect((await page()).checkpoints).toBe(1);

  for (const id of [ids[0]!, ids[1]!, ids[1]!]) {
    expect((await api(row(id, "show"), { method: "POST", token: owner })).status).toBe(204);
  }
  expect(await names()).toEqual(["model 0", "model 1", "model 2"]);
  const back = checkpointSchema.parse(await (await api(`checkpoints/${ids[0]}`)).json());
  expect(back.results).toMatchObject([{ hidden: null }]);
  expect((await page()).checkpoints).toBe(3);
  expect(await hidden()).toEqual([]);
});

test("a new result does not bring a hidden row back", async () => {
  await hide(ids[2]!, { reason: "no" });
  const result = await syntheticResult({ suite: suiteText("hidden@1"), model: 2, name: "renamed", loss: -1 });
  await api("import?replace=true", { token: owner, json: result });
  expect(await names()).toEqual(["model 0", "model 1"]);
  expect(await hidden()).toMatchObject([{ name: "renamed", reason: "no" }]);
  await api(row(ids[2]!, "show"), { method: "POST", token: owner });
});

test("refuses what makes no sense, and says where", async () => {
  expect(await problemOf(await hide(ids[0]!, {}))).toMatchObject({
    status: 422,
    errors: [{ path: "reason" }],
  });
  expect(await problemOf(await hide(ids[0]!, { reason: "  " }))).toMatchObject({ status: 422 });
  expect(await problemOf(await hide(ids[0]!, { reason: "a\u202Eb" }))).toMatchObject({ status: 422 });
  expect(await problemOf(await hide(ids[0]!, { reason: "x".repeat(201) }))).toMatchObject({ status: 422 });
  expect(await problemOf(await hide(ids[0]!, { reason: "x".repeat(20_000) }))).toMatchObject({ status: 413 });
  expect(await problemOf(await hide("a".repeat(16), { reason: "x" }))).toMatchObject({
    status: 404,
    code: "no-such-row",
  });
  const unknown = await api(row("a".repeat(16), "show"), { method: "POST", token: owner });
  expect(await problemOf(unknown)).toMatchObject({ status: 404, code: "no-such-row" });
  expect(await problemOf(await hide("..%2F..", { reason: "x" }))).toMatchObject({ status: 400 });
  expect(await problemOf(await api("boards/none/hidden"))).toMatchObject({ status: 404 });
  const elsewhere = await api(`boards/none/rows/${ids[0]}/hide`, { token: owner, json: { reason: "x" } });
  expect(await problemOf(elsewhere)).toMatchObject({ status: 404, code: "no-such-suite" });
  expect(await names()).toEqual(["renamed", "model 0", "model 1"]);
});

test("a hidden row has no tiers: it is not ranked", async () => {
  const suite = groupedSuite("ranked@1");
  await api("suites", { token: owner, json: JSON.parse(suite) });
  const results = await Promise.all(
    [0, 0.5, 1].map((shift, i) => resultOf(suite, { model: 400 + i, shift, run: `run ${i}` })),
  );
  const report = await (await api("import", { token: owner, json: results })).json();
  const { checkpoint } = importReportSchema.parse(report).results[1]!;
  const tiers = async () =>
    checkpointSchema.parse(await (await api(`checkpoints/${checkpoint}`)).json()).results[0]!.tiers;
  const ranked = () => recomputeStaleTiers(bindings).then(tiers);
  const path = `boards/ranked/rows/${checkpoint}`;
  await expect.poll(ranked, { timeout: 20_000 }).toHaveProperty("loss");
  await api(`${path}/hide`, { token: owner, json: { reason: "for now" } });
  expect(await tiers()).toEqual({});
  const { checkpoints } = boardPageSchema.parse(await (await api("boards/ranked")).json());
  expect(checkpoints).toBe(2);
  await api(`${path}/show`, { method: "POST", token: owner });
  await expect.poll(ranked, { timeout: 20_000 }).toHaveProperty("loss");
});
