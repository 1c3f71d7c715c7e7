import { beforeAll, expect, test } from "vitest";
import { importReportSchema } from "../../../shared/api/archive.ts";
import { comparisonSchema } from "../../../shared/api/compare.ts";
import type { Result } from "../../../shared/evaluate/result-schema.ts";
import { comparePaired, holm } from "../../../shared/statistics/index.ts";
import { answersOf, examplesOf } from "../../../shared/statistics/study.ts";
import { DESIGN, groupedSuite, resultOf } from "../testing/grouped-suite.ts";
import { api, owner, problemOf } from "../testing/request.ts";
import { cardDifferences } from "./card-differences.ts";

const SUITE = groupedSuite("compared@1");
let results: Result[];
let ids: string[];

beforeAll(async () => {
  await api("suites", { token: owner, json: JSON.parse(SUITE) });
  results = await Promise.all([
    resultOf(SUITE, { model: 0, shift: 0, run: "a", family: "f", step: 1 }),
    resultOf(SUITE, { model: 1, shift: 0.05, run: "b", family: "f", step: 1 }),
    resultOf(SUITE, { model: 2, shift: 0.5, run: "b", family: "f", step: 2, vectors: false }),
  ]);
  Object.assign(results[2]!.zeroShot!, { pairs: { accuracy: null, reason: "the model has no logits" } });
  const report = await (await api("import", { token: owner, json: results })).json();
  ids = importReportSchema.parse(report).results.map(({ checkpoint }) => checkpoint);
});

const query = (checkpoints: readonly string[], suite = "compared") =>
  `compare?suite=${suite}${checkpoints.map((id) => `&checkpoint=${id}`).join("")}`;

async function compared(checkpoints: readonly string[]) {
  const response = await api(query(checkpoints));
  expect(response.status, await response.clone().text()).toBe(200);
  return comparisonSchema.parse(await response.json());
}

test("differences are those of the statistics, on common examples where there are any", async () => {
  const { suite, checkpoints, scores } = await compared(ids);
  expect(suite).toBe("compared@1");
  expect(checkpoints.map(({ checkpoint }) => checkpoint)).toEqual(ids);
  expect(scores.map(({ score, better }) => [score, better])).toEqual([
    ["loss", "lower"],
    ["fisher-trace", "lower"],
    ["hessian-trace", "lower"],
    ["task:parity", "higher"],
    ["task:pairs", "higher"],
  ]);
  const pairsOf = (score: string) => scores.find((each) => each.score === score)!.pairs;
  const [a, b] = results as [Result, Result];
  expect(pairsOf("loss")[0]).toMatchObject({
    ...{ first: ids[0], second: ids[1] },
    ...comparePaired(examplesOf(a, "loss")!, examplesOf(b, "loss")!, DESIGN),
  });
  expect(pairsOf("task:pairs")[0]).toMatchObject(
    comparePaired(answersOf(a, "pairs")!, answersOf(b, "pairs")!),
  );
  const [, unpaired] = pairsOf("loss");
  expect(unpaired).toMatchObject({ first: ids[0], second: ids[2], method: "unpaired" });
  expect(unpaired!.standardError).toBeCloseTo(Math.hypot(0.3, 0.3), 6);
  expect(pairsOf("loss")[0]!.standardError!).toBeLessThan(0.05);
  for (const pair of [...pairsOf("hessian-trace"), ...pairsOf("task:pairs").slice(1)]) {
    expect(pair).toMatchObject({
      ...{ difference: null, pValue: null, adjustedPValue: null },
      reason: expect.stringContaining("is undefined"),
    });
  }
  const all = scores.flatMap(({ pairs }) => pairs);
  expect(all.map(({ adjustedPValue }) => adjustedPValue)).toEqual(holm(all.map(({ pValue }) => pValue)));
});

test("the order is that of the request; a hidden checkpoint can still be compared", async () => {
  await api(`boards/compared/rows/${ids[1]}/hide`, { token: owner, json: { reason: "x" } });
  const { checkpoints, scores } = await compared([ids[1]!, ids[0]!]);
  expect(checkpoints.map(({ name }) => name)).toEqual(["model 1", "model 0"]);
  const swapped = (await compared([ids[0]!, ids[1]!])).scores[0]!.pairs[0]!;
  expect(scores[0]!.pairs[0]!.difference).toBeCloseTo(-swapped.difference!, 12);
});

test("cards show what differs", async () => {
  expect((await compared(ids)).cards).toEqual([
    { field: "name", values: ["model 0", "model 1", "model 2"] },
    { field: "run", values: ["a", "b", "b"] },
    { field: "step", values: [1, 1, 2] },
  ]);
  expect(cardDifferences([{ a: 1 }, null, JSON.parse('{"__proto__": 2, "a": 1}')])).toEqual([
    { field: "a", values: [1, null, 1] },
    { field: "__proto__", values: [null, null, 2] },
  ]);
});

test("refuses what cannot be compared", async () => {
  const other = "a".repeat(16);
  const invalid = [
    query([ids[0]!]),
    query([]),
    query([ids[0]!, ids[0]!]),
    query(["x", "y"]),
    query(ids, "a'--"),
  ];
  for (const path of [...invalid, query(Array.from({ length: 7 }, () => ids[0]!)), `${query(ids)}&more=1`]) {
    expect(await problemOf(await api(path)), path).toMatchObject({ status: 400, code: "invalid-request" });
  }
  expect((await problemOf(await api(query([])))).detail).toContain("name 2 to 6 checkpoints");
  expect((await problemOf(await api(query(["x", "y"])))).detail).toContain("expected a checkpoint's id");
  expect(await problemOf(await api(query([ids[0]!, other])))).toMatchObject({
    ...{ status: 404, code: "no-such-result" },
    detail: expect.stringContaining(other),
  });
  expect(await problemOf(await api(query(ids, "none")))).toMatchObject({
    status: 404,
    code: "no-such-suite",
  });
});
