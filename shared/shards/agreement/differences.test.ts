/** Rounding raises no alarm, whatever the values are; forged values do, however they were forged. */
import { describe, expect, test } from "vitest";
import { normalSource } from "../../../test/support/random.ts";
import { judgeDifferences } from "./differences.ts";

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

interface Drawn {
  readonly values: readonly number[];
  readonly noise: readonly number[];
}

/** Values of mean 1 with a large spread, as those of curvatures along directions are; rounding grows with them. */
function draw(normal: () => number, count: number, rounding: number): Drawn {
  const values = Array.from({ length: count }, () => 1 + 3 * normal());
  return { values, noise: values.map((value) => rounding * Math.sqrt(0.25 + Math.abs(value))) };
}

function judge({ values, noise }: Drawn, made: readonly number[], bias = 0) {
  return judgeDifferences({ what: "trace", made, replayed: values, noise, bias });
}

describe.each([1, 2, 5, 32, 500])("of %d examples", (count) => {
  test.each([0.3, 1, 2, 3])("%f times the rounding that is expected is no forgery", (rougher) => {
    const normal = normalSource(count);
    for (let run = 0; run < 500; run++) {
      const drawn = draw(normal, count, 0.02);
      const made = drawn.values.map((value, i) => value + rougher * drawn.noise[i]! * normal());
      // Where there are few, chance adds to that.
      if (rougher === 3 && count < 32) continue;
      expect(judge(drawn, made)).toMatchObject({ agrees: true });
    }
  });
});

describe("5 % more is found among 500 examples with 2 % rounding each", () => {
  const forgeries: Record<string, (values: readonly number[]) => number[]> = {
    each: (values) => values.map((value) => 1.05 * value),
    "the same for all": (values) => values.map((value) => value + (0.05 * sum(values)) / values.length),
    "in a tenth of them": (values) => values.map((value, i) => (i % 10 === 0 ? 1.5 * value : value)),
    "in one of them": (values) => values.with(7, values[7]! + 0.05 * sum(values)),
  };
  test.each(Object.entries(forgeries))("%s", (_, forge) => {
    const normal = normalSource(9);
    for (let run = 0; run < 200; run++) {
      const drawn = draw(normal, 500, 0.02);
      const made = forge(drawn.values).map((value, i) => value + drawn.noise[i]! * normal());
      expect(judge(drawn, made)).toMatchObject({ agrees: false });
    }
  });
});

test("values of other examples, and noise to hide behind, are found", () => {
  const drawn = draw(normalSource(2), 100, 0.02);
  const { values, noise } = drawn;
  expect(judge(drawn, [...values.slice(1), values[0]!]).agrees).toBe(false);
  const loud = judge(
    drawn,
    values.map((value, i) => 1.05 * value + (i % 2 ? 1 : -1) * 20 * noise[i]!),
  );
  expect(loud.agrees).toBe(false);
  expect(loud.detail).toMatch(/^trace: /);
});

test("what is not a number agrees with nothing", () => {
  const drawn = draw(normalSource(3), 10, 0.02);
  expect(judge(drawn, drawn.values.with(3, NaN)).agrees).toBe(false);
  expect(judge(drawn, drawn.values.with(3, Infinity)).agrees).toBe(false);
});
