import { expect, test } from "vitest";
import { heatOf, heatShade, heatText, splitMeasures, type Tensor } from "./layer-heat.ts";

const tensor = (name: string, layer: number | null, kind: string, value: number, exact = false): Tensor => ({
  ...{ name, layer, kind, parameters: 10, value, directionError: exact ? 0 : 3 },
  ...(exact && { exact: true as const }),
});
const tensors = [
  tensor("words", null, "embedding", 1),
  tensor("0.q", 0, "matrix", 2),
  tensor("0.k", 0, "matrix", 4),
  tensor("0.b", 0, "bias", 0.5),
  tensor("1.q", 1, "matrix", 8),
  tensor("head", null, "matrix", 16, true),
];

test("tensors by layer and kind, in the order in which the model runs them", () => {
  const heat = heatOf(tensors);
  expect(heat.kinds).toEqual(["embedding", "matrix", "bias"]);
  expect(heat.rows.map(({ label }) => label)).toEqual([
    "before the layers",
    "layer 0",
    "layer 1",
    "after the layers",
  ]);
  const [, first, , after] = heat.rows;
  expect(first!.cells[0]).toBeNull();
  expect(first!.cells[1]).toEqual({ value: 6, error: Math.sqrt(18), parameters: 20, exact: false });
  expect(first!.whole.value).toBe(6.5);
  expect(after!.whole).toEqual({ value: 16, error: null, parameters: 10, exact: true });
  expect(heat.whole.value).toBe(31.5);
});

test("a model without numbered layers stands before them", () => {
  expect(heatOf([tensor("a", null, "matrix", 1)]).rows.map(({ key }) => key)).toEqual(["before"]);
});

test("only measures that were split", () => {
  const measures = {
    loss: { value: 1, standardError: null, unit: "nats/token" },
    "fisher-trace": { value: 31.5, standardError: null, unit: "nats/token", perTensor: tensors },
    "hessian-trace": { value: null, reason: "rounding" },
  };
  expect([...splitMeasures({ measures }).keys()]).toEqual(["fisher-trace"]);
});

test("cells say their error, or that they have none", () => {
  const { rows, whole } = heatOf(tensors);
  expect(heatText(rows[1]!.cells[1]!, "trace")).toEqual(["6.0", "± 4.2"]);
  expect(heatText(rows[1]!.cells[1]!, "parameter")).toEqual(["3.0e-1", "± 2e-1"]);
  expect(heatText(rows[3]!.whole, "parameter")).toEqual(["1.6e+0", "exact"]);
  expect(heatText({ ...whole, error: null }, "trace")).toEqual(["31.500", ""]);
});

test("shades keep the sign, and are at their strongest for the largest", () => {
  expect(heatShade(4, 4)).toBe(1);
  expect(heatShade(-1, 4)).toBe(-0.5);
  expect(heatShade(0, 4)).toBe(0);
  expect(heatShade(1, 0)).toBe(0);
});
