import { beforeAll, describe, expect, test } from "vitest";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import type { Objective } from "../corpus/corpus.ts";
import { prepareSubject } from "../perturb/subject.ts";
import { LogLikelihood } from "./log-likelihood.ts";
import { scoreMinimalPairs, summariseMinimalPairs, type PairScore } from "./minimal-pairs.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const MASK = 10;
const models = new Map<Objective, LogLikelihood>();

beforeAll(async () => {
  for (const objective of ["mlm", "clm"] as const) {
    const subject = await prepareSubject(toyModel(objective).graph, runtime, toyCorpus(objective, 4));
    const maskId = objective === "mlm" ? MASK : null;
    models.set(objective, await LogLikelihood.prepare({ model: subject, runtime, objective, maskId }));
  }
});

const pairs = [
  { good: [1, 2, 3], bad: [1, 2, 4] },
  { good: [1, 5, 3, 2], bad: [1, 5, 2] },
  { good: [1, 7, 7, 7, 2], bad: [1, 7, 8, 7, 2] },
];

test.each<Objective>(["mlm", "clm"])("scores are sums over the tokens, %s", async (objective) => {
  const model = models.get(objective)!;
  const { pairs: scores } = await scoreMinimalPairs(model, pairs);
  for (const [i, { good, bad }] of pairs.entries()) {
    const start = objective === "clm" ? 1 : 0;
    const [g, b] = await model.score(
      [good, bad].map((ids) => ({ ids, positions: ids.map((_, t) => t).slice(start), name: "" })),
    );
    const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
    expect(scores[i]!.good).toBeCloseTo(total(g!), 4);
    expect(scores[i]!.bad).toBeCloseTo(total(b!), 4);
    expect(scores[i]!.goodTokens).toBe(good.length - start);
    expect(scores[i]!.badTokens).toBe(bad.length - start);
  }
});

test("special tokens are context only", async () => {
  const special = new Set([1, 2]);
  const { pairs: scores } = await scoreMinimalPairs(
    models.get("mlm")!,
    pairs,
    { first: 1, count: 2 },
    special,
  );
  expect(scores.map(({ goodTokens, badTokens }) => [goodTokens, badTokens])).toEqual([
    [2, 1],
    [3, 3],
  ]);
});

test("ranges in any order, one of them twice, give the whole", async () => {
  const model = models.get("mlm")!;
  const whole = summariseMinimalPairs([await scoreMinimalPairs(model, pairs)], 3);
  const late = await scoreMinimalPairs(model, pairs, { first: 1, count: 2 });
  const early = await scoreMinimalPairs(model, pairs, { first: 0, count: 1 });
  const joined = summariseMinimalPairs([late, early, structuredClone(late)], 3);
  expect(joined.accuracy).toEqual(whole.accuracy);
  joined.margins.forEach((margin, i) => expect(margin).toBeCloseTo(whole.margins[i]!, 4));
  expect(() => summariseMinimalPairs([late], 3)).toThrow(RangeError);
  expect(JSON.parse(JSON.stringify(late))).toEqual(late);
});

describe("accuracy", () => {
  const score = (good: number, bad: number, goodTokens = 4, badTokens = 4): PairScore => ({
    good,
    bad,
    goodTokens,
    badTokens,
  });
  const summary = (...scores: PairScore[]) =>
    summariseMinimalPairs([{ first: 0, count: scores.length, pairs: scores }], scores.length);

  test("counts ties half, with the error over pairs", () => {
    const { accuracy, margins, ties } = summary(score(-1, -2), score(-3, -2), score(-2, -2), score(-1, -4));
    expect(accuracy.value).toBe(0.625);
    // Credits 1, 0, ½, 1: variance 0.2291667 over n − 1, divided by 4.
    expect(accuracy.standardError).toBeCloseTo(Math.sqrt(0.2291666667 / 4), 9);
    expect(margins).toEqual([1, -1, 0, 3]);
    expect(ties).toBe(1);
  });

  test("by sums and by means differ where lengths do", () => {
    const { accuracy, accuracyPerToken, unequalLengths } = summary(score(-6, -5, 6, 4), score(-4, -6));
    expect(accuracy.value).toBe(0.5);
    expect(accuracyPerToken.value).toBe(1);
    expect(unequalLengths).toBe(1);
  });

  test("of one pair has no error", () => {
    expect(summary(score(-1, -2)).accuracy).toEqual({ value: 1, standardError: null });
  });

  test("of no pairs is refused", () => {
    expect(() => summariseMinimalPairs([], 0)).toThrow("The task has no pairs");
  });
});

describe("says what is wrong with a pair", () => {
  const run = (objective: Objective, pair: { good: number[]; bad: number[] }, special?: Set<number>) =>
    scoreMinimalPairs(models.get(objective)!, [pairs[0]!, pair], undefined, special);

  test("whose sentences are empty, equal, or have nothing to score", async () => {
    await expect(run("mlm", { good: [], bad: [1] })).rejects.toThrow("The good sentence of pair 2 is empty");
    await expect(run("mlm", { good: [1, 2], bad: [1, 2] })).rejects.toThrow(
      "two sentences of pair 2 are the same",
    );
    await expect(run("clm", { good: [1, 2], bad: [1] })).rejects.toThrow(
      "The bad sentence of pair 2 has no token after its first",
    );
    await expect(run("mlm", { good: [9], bad: [1, 2] }, new Set([9]))).rejects.toThrow("only special tokens");
  });

  test("whose sentences begin differently, where that cannot be scored", async () => {
    await expect(run("clm", { good: [1, 2], bad: [3, 2] })).rejects.toThrow(
      "The sentences of pair 2 begin with different tokens (1 and 3)",
    );
    await expect(run("mlm", { good: [1, 2], bad: [3, 2] })).resolves.toBeDefined();
  });

  test("with an unknown token", async () => {
    await expect(run("mlm", { good: [1, 2], bad: [1, 99] })).rejects.toThrow(
      "The bad sentence of pair 2 holds token 99",
    );
  });
});
