import { expect, test } from "vitest";
import { measureRows } from "./measure-rows.ts";

const described = (id: string) => ({
  id,
  label: id,
  description: "",
  unit: "nats/token",
  better: "lower" as const,
});
const suite = { measures: ["loss", "fisher-trace", "hessian-trace"].map(described) };

test("values with their errors, and why what is undefined is", () => {
  const measures = {
    "hessian-trace": { value: null, reason: "no step suits it" },
    "fisher-trace": {
      ...{ value: 61.5045, standardError: 1.393, directionError: 0.8126, unit: "nats/token" },
      ...{
        roundingError: 4.7e-8,
        stepBias: -0.01416,
        largestShare: 0.013256,
        directions: 2,
        epsilon: 2 ** -10,
      },
    },
    loss: { value: 1.48127, standardError: 0.00956, unit: "nats/token" },
    mystery: { value: 3, standardError: null, unit: "" },
  };
  const [loss, fisher, hessian, mystery] = measureRows({ measures }, suite);
  expect(loss).toMatchObject({ value: "1.4813", error: "0.0096", trace: null });
  expect(fisher).toMatchObject({ value: "61.5", error: "1.4" });
  expect(fisher!.trace).toEqual({
    directionError: "0.81",
    rounding: "4.7e-8",
    stepBias: "-0.014",
    largestShare: "1.3 %",
    directions: "2",
    epsilon: "2^-10",
  });
  expect(hessian).toMatchObject({ value: null, reason: "no step suits it" });
  expect(mystery).toMatchObject({ id: "mystery", value: "3.0000", error: "" });
});
