import { expect, test } from "vitest";
import { controlLabels, selectivity } from "./control-task.ts";
import { ProbeDataError } from "./logistic-input.ts";

const options = { labels: [0, 0, 0, 1], seed: 1, index: 0 };

test("a type has one label, in every split and whatever other types there are", () => {
  const train = controlLabels(["a", "b", "a", "c", "b"], options);
  expect(train[0]).toBe(train[2]);
  expect(train[1]).toBe(train[4]);
  const test = controlLabels(["c", "zebra", "a"], options);
  expect([test[0], test[2]]).toEqual([train[3], train[0]]);
});

test("labels follow the task's distribution, differ between labellings, and repeat at a seed", () => {
  const types = Array.from({ length: 4000 }, (_, i) => `type ${i}`);
  const labels = controlLabels(types, options);
  const ones = labels.filter((label) => label === 1).length;
  // Binomial(4000, ¼): 1000 ± 27.
  expect(Math.abs(ones - 1000)).toBeLessThan(110);
  expect(controlLabels(types, options)).toEqual(labels);
  for (const change of [{ index: 1 }, { seed: 2 }, { seed: 2 ** 40 + 1 }]) {
    const others = controlLabels(types, { ...options, ...change });
    const agreeing = others.filter((label, i) => label === labels[i]).length;
    // Independent: 4000 · (9/16 + 1/16) = 2500 ± 31.
    expect(Math.abs(agreeing - 2500)).toBeLessThan(125);
  }
});

test("selectivity is accuracy minus mean control accuracy, its error clustered by type", () => {
  const result = selectivity(
    [1, 1, 1, 0],
    [
      [1, 1, 0, 0],
      [0, 0, 0, 0],
    ],
    { train: ["a"], test: ["a", "a", "b", "c"] },
  );
  expect(result.value).toBe(0.5);
  expect(result.controlAccuracy).toBe(0.25);
  expect(result.seenTypes).toBe(0.5);
  // Differences ½, ½ (a), 1 (b), 0 (c), less ½ each: sums by type 0, ½, −½.
  expect(result.standardError).toBeCloseTo(Math.sqrt((3 / 2) * (1 / 2)) / 4, 12);
});

test("refuses to draw from nothing", () => {
  expect(() => controlLabels(["a"], { ...options, labels: [] })).toThrow(ProbeDataError);
  expect(() => selectivity([1], [], { train: [], test: ["a"] })).toThrow(ProbeDataError);
});
