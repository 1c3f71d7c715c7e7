import { expect, test } from "vitest";
import { gainText, percentText, probeCurve, undefinedParts, type RunProbe } from "./probe-curves.ts";

const score = (value: number) => ({ value, standardError: 0.01, trainingError: null });
const probe: RunProbe = {
  ...{ accuracy: score(0.8), macroF1: score(0.7), chance: 0.4, classes: 3, l2: 1, edge: null },
  ...{ unconverged: [], correct: "101" },
  codelength: { value: null, reason: "too few sentences" },
  selectivity: { value: null, reason: "the task has no control task" },
  randomBaseline: { accuracy: null, reason: "too few sentences" },
  oneHotBaseline: { accuracy: score(0.6), gain: score(0.2) },
  layers: [
    { layer: null, accuracy: score(0.5) },
    { layer: 0, accuracy: null, reason: "no memory" },
    { layer: 1, accuracy: score(0.8) },
  ],
};

test("a curve by layer, with a gap where nothing was fitted, and the baselines there are", () => {
  const { points, places, levels } = probeCurve(probe);
  expect(points.map(({ x, y }) => [x, y])).toEqual([
    [-1, 0.5],
    [0, NaN],
    [1, 0.8],
  ]);
  expect(points[2]!.text).toBe("layer 1: 80.0 ± 1.0 %");
  expect(places.map(({ label }) => label)).toEqual(["emb.", "0", "1"]);
  expect(levels.map(({ name, y }) => [name, y])).toEqual([
    ["chance", 0.4],
    ["one-hot words", 0.6],
  ]);
});

test("whatever is undefined says why", () => {
  expect(undefinedParts(probe)).toEqual([
    { what: "random weights", reason: "too few sentences" },
    { what: "selectivity", reason: "the task has no control task" },
    { what: "compression", reason: "too few sentences" },
    { what: "layer 0", reason: "no memory" },
  ]);
});

test("gains have their sign, shares none", () => {
  expect(gainText({ value: -0.0123, standardError: 0.005 })).toBe("−1.23 ± 0.50");
  expect(gainText({ value: 0, standardError: null })).toBe("0.0");
  expect(percentText({ value: 0.8535, standardError: 0.0079 })).toBe("85.35 ± 0.79 %");
});
