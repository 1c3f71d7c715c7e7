/** A weight that no operator can move example by example moves as a whole: slower to converge, but never wrong. */
import { expect, test } from "vitest";
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { perturbationSummary } from "../../shared/evaluate/result.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { defined, expectWithinErrors } from "../support/accuracy.ts";
import { exactTraces } from "../support/brute-force.ts";
import { toyCorpus, toyModel } from "../support/toy-models.ts";

test("W + εV: named with its reason, exact within its errors", async () => {
  const runtime = await createNodeRuntime({ threads: 1 });
  const model = toyModel("mlm-einsum");
  const corpus = toyCorpus("mlm", 40);
  const exact = await exactTraces(model, corpus, runtime);
  const ids = ["fisher-trace", "hessian-trace", "adaptive-fisher-trace"];
  const options = { measures: ids, directions: 400, seed: 2, batch: 64, perLayer: true };
  const { evaluation, measures } = await evaluate(model.graph, runtime, corpus, options);

  const { unperturbed, sharedDirections, parameters, perturbedParameters, exactParameters } =
    perturbationSummary(evaluation);
  expect(unperturbed).toEqual([]);
  expect(perturbedParameters).toBe(parameters - exactParameters);
  // The head is exact, whatever else moves as a whole.
  expect(exactParameters).toBe(77);
  expect(sharedDirections).toEqual([
    { name: "layers.0.inner.weight", parameters: 48, reason: expect.stringContaining("Einsum") },
  ]);
  for (const id of ids) {
    const result = defined(measures, id);
    expectWithinErrors(result, exact.total[id]!);
    const part = result.perTensor!.find(({ name }) => name === "layers.0.inner.weight")!;
    const error = 4 * part.directionError! + 0.0005 * exact.total[id]!;
    expect(Math.abs(part.value - exact.perTensor[id]!["layers.0.inner.weight"]!)).toBeLessThan(error);
  }
});
