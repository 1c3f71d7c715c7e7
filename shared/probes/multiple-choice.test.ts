import { beforeAll, describe, expect, test } from "vitest";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import type { Objective } from "../corpus/corpus.ts";
import { prepareSubject } from "../perturb/subject.ts";
import type { MultipleChoiceTask } from "../suites/task.ts";
import { LogLikelihood } from "./log-likelihood.ts";
import { scoreMultipleChoice, summariseMultipleChoice, type ItemScore } from "./multiple-choice.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const models = new Map<Objective, LogLikelihood>();

beforeAll(async () => {
  for (const objective of ["mlm", "clm"] as const) {
    const subject = await prepareSubject(toyModel(objective).graph, runtime, toyCorpus(objective, 4));
    const maskId = objective === "mlm" ? 10 : null;
    models.set(objective, await LogLikelihood.prepare({ model: subject, runtime, objective, maskId }));
  }
});

type Items = MultipleChoiceTask["items"];
const items: Items = [
  { prompt: [1, 2], choices: [[3, 4], [5], [6, 7, 8]], answer: 1 },
  { prompt: [4], choices: [[2], [3]], answer: 0 },
];

test.each<Objective>(["mlm", "clm"])("scores are means over the ending's tokens, %s", async (objective) => {
  const model = models.get(objective)!;
  const whole = await scoreMultipleChoice(model, items);
  for (const [i, { prompt, choices }] of items.entries()) {
    for (const [c, choice] of choices.entries()) {
      const positions = choice.map((_, t) => prompt.length + t);
      const [terms] = await model.score([{ ids: [...prompt, ...choice], positions, name: "" }]);
      const mean = terms!.reduce((sum, value) => sum + value, 0) / choice.length;
      expect(whole.items[i]!.choices[c]).toBeCloseTo(mean, 4);
    }
  }
  expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
});

test("ranges in any order give the whole", async () => {
  const model = models.get("clm")!;
  const whole = summariseMultipleChoice([await scoreMultipleChoice(model, items)], 2);
  const late = await scoreMultipleChoice(model, items, { first: 1, count: 1 });
  const early = await scoreMultipleChoice(model, items, { first: 0, count: 1 });
  const joined = summariseMultipleChoice([late, early], 2);
  expect(joined.accuracy).toEqual(whole.accuracy);
  expect(joined.chance).toBeCloseTo(5 / 12, 12);
  expect(() => summariseMultipleChoice([late], 2)).toThrow(RangeError);
});

test("a prompt longer than one sentence and endings of a model with a tied head", async () => {
  const { items: scores } = await scoreMultipleChoice(models.get("clm")!, [
    { prompt: [1, 2, 3, 4, 5], choices: [[6], [7]], answer: 0 },
  ]);
  expect(scores[0]!.choices.every((score) => score < 0)).toBe(true);
});

describe("accuracy", () => {
  const summary = (...scores: ItemScore[]) =>
    summariseMultipleChoice([{ first: 0, count: scores.length, items: scores }], scores.length);

  test("counts the share of ties, beside chance", () => {
    const { accuracy, chance, margins } = summary(
      { choices: [-1, -2, -3], answer: 0 },
      { choices: [-1, -1, -3], answer: 1 },
      { choices: [-1, -2], answer: 1 },
    );
    expect(accuracy.value).toBe(0.5);
    expect(accuracy.standardError).toBeCloseTo(Math.sqrt(0.25 / 3), 12);
    expect(chance).toBeCloseTo((1 / 3 + 1 / 3 + 1 / 2) / 3, 12);
    expect(margins).toEqual([1, 0, -1]);
  });

  test("of no items is refused", () => {
    expect(() => summariseMultipleChoice([], 0)).toThrow("The task has no items");
  });
});

describe("says what is wrong with an item", () => {
  const run = (item: Items[number], objective: Objective = "clm") =>
    scoreMultipleChoice(models.get(objective)!, [items[0]!, item]);

  test.each<[string, Items[number], string]>([
    ["one choice", { prompt: [1], choices: [[2]], answer: 0 }, "Choices of item 2: 1"],
    ["no such answer", { prompt: [1], choices: [[2], [3]], answer: 2 }, "The answer of item 2 is choice 2"],
    ["no prompt", { prompt: [], choices: [[2], [3]], answer: 0 }, "The prompt of item 2 is empty"],
    ["an empty choice", { prompt: [1], choices: [[2], []], answer: 0 }, "Choice 2 of item 2 has no token"],
    ["equal choices", { prompt: [1], choices: [[2], [2]], answer: 0 }, "Two choices of item 2 are the same"],
    ["an unknown token", { prompt: [1, 50], choices: [[2], [3]], answer: 0 }, "holds token 50"],
    [
      "a prompt too long",
      { prompt: [1, 2, 3, 4, 5, 6], choices: [[2], [3]], answer: 0 },
      "The prompt of item 2 with choice 1 has 7 tokens, but the model takes 6 at most",
    ],
  ])("%s", async (_, item, message) => {
    await expect(run(item)).rejects.toThrow(message);
  });
});
