/** Choosing ε on pilots whose truncation and rounding are known. */
import { describe, expect, test } from "vitest";
import {
  chooseStep,
  describeStep,
  predictedRounding,
  type Pilot,
  type PilotTraces,
  type Rounding,
  type RunSize,
  type TraceName,
} from "./step-size.ts";

const NAMES = ["hessian", "fisher", "empirical"] as const satisfies readonly TraceName[];
const traces = (of: (name: TraceName) => number): PilotTraces => {
  return { hessian: of("hessian"), fisher: of("fisher"), empirical: of("empirical") };
};

/** T(ε) = T₀ (1 + c ε²). */
function quadratic(at0: PilotTraces, c: Partial<PilotTraces> = {}): Pilot & { asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    async tracesAt(epsilon) {
      asked.push(epsilon);
      return {
        mean: traces((name) => at0[name] * (1 + (c[name] ?? 0) * epsilon ** 2)),
        differenceError: () => traces(() => 0.03),
      };
    },
  };
}

/** So large a run that first differences have no noise to speak of. */
const size: RunSize = { examples: 600_000, directions: 2, labelledTokens: 1_000_000 };
/** Hessian noise of this run is σ_r/ε² · √(600,000 · 5/6)/1,000,000. */
const HESSIAN_FACTOR = Math.sqrt(500_000) / 1_000_000;

/** Rounding that reaches `share` of the trace at `epsilon`. */
function roundingOf(
  at0: PilotTraces,
  at: Partial<Record<TraceName, readonly [share: number, epsilon: number]>>,
) {
  const amount = (name: TraceName) => {
    const [share, epsilon] = at[name] ?? [0, 1];
    return share * at0[name] * epsilon ** 2;
  };
  return {
    loss: amount("hessian") / HESSIAN_FACTOR,
    logits: 12 * amount("fisher"),
    tokenLoss: 12 * amount("empirical"),
  };
}

const T0: PilotTraces = { hessian: 50, fisher: 40, empirical: 30 };
const NONE: Rounding = { loss: 0, logits: 0, tokenLoss: 0 };

test("predicted rounding follows its formulas", () => {
  const rounding: Rounding = { loss: 3e-7, logits: 2.4e-12, tokenLoss: 1.2e-12 };
  const run: RunSize = { examples: 300, directions: 4, labelledTokens: 900 };
  // 3e-7 · 2²⁰ · √(300 · (2/3 + 1/12)) / 900 = 0.3145728 · 15 / 900.
  expect(predictedRounding("hessian", rounding, run, 2 ** -10, 50)).toBeCloseTo(0.00524288, 12);
  // Bias alone: 2.4e-12 · 2²⁰ / 12.
  expect(predictedRounding("fisher", rounding, run, 2 ** -10, 0)).toBeCloseTo(2.097152e-7, 18);
  expect(predictedRounding("empirical", rounding, run, 2 ** -10, 0)).toBeCloseTo(1.048576e-7, 18);
  // Noise, far above it here: √(4 · 40 · 2.097152e-7 / (900 · 4)).
  expect(predictedRounding("fisher", rounding, run, 2 ** -10, 40)).toBeCloseTo(9.654357e-5, 9);
  // One direction: √N.
  const single = predictedRounding("hessian", rounding, { ...run, directions: 1, examples: 400 }, 1, 50);
  expect(single).toBeCloseTo((3e-7 * 20) / 900, 18);
});

describe("the step", () => {
  test.each([-6, -10, -14])("is the smallest at which rounding is negligible: 2^%i", async (exponent) => {
    for (const name of NAMES) {
      const rounding = roundingOf(T0, { [name]: [0.9 * 5e-4, 2 ** exponent] });
      const { epsilon, quality } = await chooseStep(quadratic(T0), rounding, size, [name]);
      expect(epsilon).toBe(2 ** exponent);
      expect(quality[name].roundingError).toBeCloseTo(0.9 * 5e-4 * T0[name], 4);
      expect(quality[name].reason).toBeNull();
    }
  });

  test("suits all traces that are wanted, and no others", async () => {
    const rounding = roundingOf(T0, {
      hessian: [4e-4, 2 ** -7],
      fisher: [4e-4, 2 ** -10],
      empirical: [4e-4, 2 ** -9],
    });
    const epsilonFor = async (...wanted: TraceName[]) =>
      (await chooseStep(quadratic(T0), rounding, size, wanted)).epsilon;
    expect(await epsilonFor("fisher")).toBe(2 ** -10);
    expect(await epsilonFor("fisher", "empirical")).toBe(2 ** -9);
    expect(await epsilonFor("hessian", "fisher", "empirical")).toBe(2 ** -7);
  });

  test("is longer where first differences of few examples are noisy, while truncation is smaller", async () => {
    const few: RunSize = { examples: 60, directions: 2, labelledTokens: 60 };
    const rounding = roundingOf(T0, { fisher: [0.9 * 5e-4, 2 ** -16] });
    const smooth = await chooseStep(quadratic(T0), rounding, few, ["fisher"]);
    // 2·√(0.9 · 5e-4 / 120) = 3.9e-3 of the trace at 2⁻¹⁶, and an eighth of it, below the target, at 2⁻¹³.
    expect(smooth.epsilon).toBe(2 ** -13);
    expect(smooth.quality.fisher.roundingError).toBeCloseTo(T0.fisher * 4.84e-4, 4);
    // Truncation of c ε² reaches the noise of 2⁻¹⁶ beyond 2⁻¹⁵.
    const curved = await chooseStep(quadratic(T0, { fisher: 0.003 * 2 ** 30 }), rounding, few, ["fisher"]);
    expect(curved.epsilon).toBe(2 ** -15);
    expect(curved.quality.fisher.reason).toBeNull();
  });

  test("is never smaller than what second differences can tell, without any rounding", async () => {
    expect((await chooseStep(quadratic(T0), NONE, size, ["fisher"])).epsilon).toBe(2 ** -19);
  });

  test("is halved while it is biased, as far as rounding allows", async () => {
    // At 2⁻¹⁰ rounding is 0.045 %, at 2⁻¹¹ 0.18 %, at 2⁻¹² 0.72 %, above the 0.2 % that may be paid.
    const rounding = roundingOf(T0, { fisher: [4.5e-4, 2 ** -10] });
    const at = async (bias: number) =>
      chooseStep(quadratic(T0, { fisher: bias * 2 ** 20 }), rounding, size, ["fisher"]);
    const small = await at(0.004);
    expect(small.epsilon).toBe(2 ** -10);
    expect(small.quality.fisher.stepBias).toBeCloseTo(0.004 * 40, 10);
    expect(small.quality.fisher.stepBiasError).toBeCloseTo(0.01, 12);
    const halved = await at(-0.008);
    expect(halved.epsilon).toBe(2 ** -11);
    expect(halved.quality.fisher.stepBias).toBeCloseTo(-0.002 * 40, 10);
    expect(halved.quality.fisher.reason).toBeNull();
    const hopeless = await at(0.04);
    expect(hopeless.epsilon).toBe(2 ** -11);
    // 1 % of T₀ is 0.99 % of T(2⁻¹¹).
    expect(hopeless.quality.fisher.reason).toBe(
      `no step suits it: at ε = ${2 ** -11} truncation is 0.99 % of the trace`,
    );
  });

  test("asks for no ε twice", async () => {
    const pilot = quadratic(T0, { fisher: 0.008 * 2 ** 20 });
    await chooseStep(pilot, roundingOf(T0, { fisher: [4.5e-4, 2 ** -10] }), size, ["fisher", "hessian"]);
    expect(new Set(pilot.asked).size).toBe(pilot.asked.length);
    expect(pilot.asked.every((epsilon) => Number.isInteger(Math.log2(epsilon)))).toBe(true);
  });
});

describe("a trace is withheld", () => {
  test("where rounding is never small", async () => {
    const rounding = roundingOf(T0, { hessian: [0.5, 2 ** -3] });
    const { epsilon, quality } = await chooseStep(quadratic(T0), rounding, size, ["hessian"]);
    expect(epsilon).toBe(2 ** -3);
    expect(quality.hessian.reason).toBe("no step suits it: at ε = 0.125 rounding is 50 % of the trace");
  });

  test("where it is not finite", async () => {
    const at0 = { ...T0, fisher: NaN };
    const { quality } = await chooseStep(quadratic(at0), NONE, size, ["fisher"]);
    expect(quality.fisher.reason).toMatch(/^not finite at ε = /);
  });

  test("where it is zero", async () => {
    const nothing: PilotTraces = { hessian: 0, fisher: 0, empirical: 0 };
    const { quality } = await chooseStep(quadratic(nothing), NONE, size, [...NAMES]);
    for (const name of NAMES) expect(quality[name].reason).toBe("the trace is zero");
  });
});

describe("second differences", () => {
  // Half precision: they need 2⁻⁵, where the others are far off.
  const rounding = roundingOf(T0, { hessian: [4e-4, 2 ** -5], fisher: [4e-4, 2 ** -10] });

  test("give way where they would spoil the first ones", async () => {
    const bent = { hessian: 20, fisher: 100, empirical: 20 };
    const { epsilon, quality } = await chooseStep(quadratic(T0, bent), rounding, size, [...NAMES]);
    expect(epsilon).toBe(2 ** -10);
    expect(quality.hessian.reason).toMatch(/rounding is \d+ % of the trace$/);
    expect(quality.fisher.reason).toBeNull();
    expect(quality.empirical.reason).toBeNull();
  });

  test("stay where they spoil nothing", async () => {
    const { epsilon, quality } = await chooseStep(quadratic(T0), rounding, size, [...NAMES]);
    expect(epsilon).toBe(2 ** -5);
    for (const name of NAMES) expect(quality[name].reason).toBeNull();
  });

  test("alone, are judged at their own best step", async () => {
    const { epsilon, quality } = await chooseStep(quadratic(T0, { hessian: 20 }), rounding, size, [
      "hessian",
    ]);
    // At 2⁻⁵ truncation is 2 %; halved once, 0.49 %, at 0.16 % rounding.
    expect(epsilon).toBe(2 ** -6);
    expect(quality.hessian.reason).toBeNull();
  });

  test("that vanish are compared with the Fisher trace", async () => {
    const cancelling = { ...T0, hessian: 0.001 };
    const { epsilon, quality } = await chooseStep(
      quadratic(cancelling),
      roundingOf({ ...T0, hessian: T0.fisher }, { hessian: [4e-4, 2 ** -9] }),
      size,
      ["hessian", "fisher"],
    );
    expect(epsilon).toBe(2 ** -9);
    expect(quality.hessian.reason).toBeNull();
    const negative = await chooseStep(
      quadratic({ ...T0, hessian: -80 }),
      roundingOf({ ...T0, hessian: 80 }, { hessian: [4e-4, 2 ** -9] }),
      size,
      ["hessian"],
    );
    expect(negative.epsilon).toBe(2 ** -9);
  });
});

test("a step set by hand is measured, and never withheld", async () => {
  const rounding = roundingOf(T0, { hessian: [3, 2 ** -4] });
  const pilot = quadratic(T0, { hessian: 100 });
  const choice = await describeStep(pilot, rounding, size, 2 ** -4, NAMES);
  expect(choice).toMatchObject({ epsilon: 2 ** -4, rounding });
  expect(choice.quality.hessian.roundingError).toBeCloseTo(150, 9);
  expect(choice.quality.hessian.stepBias).toBeCloseTo((50 * 100) / 2 ** 8, 6);
  for (const name of NAMES) expect(choice.quality[name].reason).toBeNull();
});

test("the truncation of a step far too large is told by the step that the rule would choose", async () => {
  // T(ε) = T₀ / (1 + 2¹² ε²) levels off, so that doubling ε would show almost nothing.
  const at = (epsilon: number) => traces((name) => T0[name] / (1 + 2 ** 12 * epsilon ** 2));
  const pilot: Pilot = {
    tracesAt: async (epsilon) => ({ mean: at(epsilon), differenceError: () => traces(() => 0) }),
  };
  const { quality } = await describeStep(pilot, NONE, size, 1, NAMES);
  for (const name of NAMES) {
    expect(Math.abs(quality[name].stepBias + T0[name]) / T0[name]).toBeLessThan(0.01);
    expect(quality[name].reason).toBeNull();
  }
});
