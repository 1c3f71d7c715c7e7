import { expect, test } from "vitest";
import type { Result } from "../../../../shared/evaluate/result-schema.ts";
import { traceProfiles } from "./profiles.ts";

const tensor = (layer: number | null, value: number) => ({
  ...{ name: `${layer} ${value}`, layer, kind: "matrix", parameters: 4, value, directionError: 0.1 },
});
const result = (layers: number) =>
  ({
    measures: {
      "fisher-trace": {
        ...{ value: 1, standardError: null, unit: "nats/token" },
        perTensor: [
          tensor(null, 1),
          ...Array.from({ length: layers }, (_, i) => tensor(i, 2)),
          tensor(null, 9),
        ],
      },
    },
  }) as unknown as Result;
const suite = {
  measures: [
    { id: "fisher-trace", label: "Fisher trace", description: "", unit: "", better: "lower" as const },
    { id: "loss", label: "Loss", description: "", unit: "", better: "lower" as const },
  ],
};
const mark = { colour: 1, shape: 0 };

test("models of different depths share their places, heads stand at the end", () => {
  const [profile, ...others] = traceProfiles(
    [
      { name: "small", mark, result: result(1) },
      { name: "large", mark, result: result(3) },
    ],
    suite,
  );
  expect(others).toEqual([]);
  expect(profile!.places.map(({ label }) => label)).toEqual(["emb.", "0", "1", "2", "head"]);
  expect(profile!.series.map(({ points }) => points.map(({ x }) => x))).toEqual([
    [-1, 0, 3],
    [-1, 0, 1, 2, 3],
  ]);
});

test("nothing where nothing was split", () => {
  const plain = { measures: { "fisher-trace": { value: 1, standardError: null, unit: "" } } };
  expect(traceProfiles([{ name: "a", mark, result: plain as unknown as Result }], suite)).toEqual([]);
});
