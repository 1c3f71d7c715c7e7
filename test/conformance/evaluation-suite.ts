/** What every runtime must agree on: the numbers of one evaluation, at one seed and ε. */
import { expect, test } from "vitest";
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { toyCorpus, toyModel } from "../support/toy-models.ts";

export type Values = Record<string, number>;

export const EVALUATED = [
  "loss",
  "fisher-trace",
  "hessian-trace",
  "empirical-fisher-trace",
  "adaptive-fisher-trace",
  "adaptive-hessian-trace",
];

/** The measures of a toy model at a fixed ε. */
export async function evaluateToy(runtime: Runtime, objective: "mlm" | "clm", batch = 32): Promise<Values> {
  const { measures } = await evaluate(toyModel(objective).graph, runtime, toyCorpus(objective, 24), {
    measures: EVALUATED,
    directions: 16,
    seed: 5,
    batch,
    // About what the pilot chooses for them; a smaller step would compare rounding.
    epsilon: { "rank-one": 2 ** -9, scaled: 2 ** -8 },
  });
  return Object.fromEntries(EVALUATED.map((id) => [id, measures[id]!.value!]));
}

/** First differences agree to 1e-4, second differences to 3e-3: rounding differs between kernels. */
export function expectAgreement(values: Values, reference: Values): void {
  for (const id of EVALUATED) {
    // Curvatures of untrained models cancel; what is left over is compared with the Fisher trace.
    const scale = id.includes("hessian")
      ? Math.max(Math.abs(reference[id]!), reference[id.replace("hessian", "fisher")]!)
      : Math.abs(reference[id]!);
    const tolerance = id.includes("hessian") ? 3e-3 : 1e-4;
    expect(Math.abs(values[id]! - reference[id]!) / scale, id).toBeLessThan(tolerance);
  }
}

/** `lend` gives a runtime to the test for as long as it runs. */
export function evaluationSuite(
  name: string,
  lend: <T>(work: (runtime: Runtime) => Promise<T>) => Promise<T>,
  reference: (objective: "mlm" | "clm") => Promise<Values>,
): void {
  test.each(["mlm", "clm"] as const)(
    `${name}: %s evaluation agrees with the reference`,
    async (objective) => {
      expectAgreement(await lend((runtime) => evaluateToy(runtime, objective)), await reference(objective));
    },
  );
}
