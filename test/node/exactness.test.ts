/** Every measure against brute force on toy models, whole and by tensor. */
import { beforeAll, describe, expect, test } from "vitest";
import { evaluate, type EvaluateOutcome } from "../../shared/evaluate/evaluate.ts";
import { MEASURES } from "../../shared/measures/index.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { defined, expectWithinErrors } from "../support/accuracy.ts";
import { exactTraces, type ExactTraces } from "../support/brute-force.ts";
import { toyCorpus, toyModel } from "../support/toy-models.ts";

describe.each(["mlm", "clm"] as const)("%s toy model", (objective) => {
  const model = toyModel(objective);
  const corpus = toyCorpus(objective, 24);
  let exact: ExactTraces;
  let outcome: EvaluateOutcome;

  beforeAll(async () => {
    const runtime = await createNodeRuntime({ threads: 1 });
    exact = await exactTraces(model, corpus, runtime);
    const options = {
      measures: MEASURES.map(({ id }) => id),
      directions: 512,
      seed: 3,
      batch: 64,
      perLayer: true,
    };
    outcome = await evaluate(model.graph, runtime, corpus, options);
  }, 60_000);

  const scaleOf = (id: string) => {
    const fisher = exact.total[id.startsWith("adaptive") ? "adaptive-fisher-trace" : "fisher-trace"]!;
    return Math.max(fisher, exact.total[id]!);
  };

  test.each(["fisher-trace", "adaptive-fisher-trace"])("%s alone, by forward differences", async (id) => {
    const runtime = await createNodeRuntime({ threads: 1 });
    const options = { measures: [id], directions: 512, seed: 8, batch: 20 };
    const { evaluation, measures } = await evaluate(model.graph, runtime, corpus, options);
    expect([...evaluation.families.values()].every(({ forward }) => forward)).toBe(true);
    expectWithinErrors(defined(measures, id), exact.total[id]!);
    expect(defined(measures, "loss").value / exact.loss).toBeCloseTo(1, 5);
    // The same directions by central differences: what differs is truncation, not chance.
    const together = await evaluate(model.graph, runtime, corpus, {
      ...options,
      measures: [id, id.replace("fisher", "hessian")],
    });
    expect(Math.abs(defined(measures, id).value / defined(together.measures, id).value - 1)).toBeLessThan(
      0.01,
    );
  });

  test("finds and moves every parameter", () => {
    const { parameters } = outcome.evaluation.subject;
    expect(parameters.map(({ name }) => name).sort()).toEqual(model.weights.map(({ name }) => name).sort());
    for (const { passes } of outcome.evaluation.families.values()) {
      expect(passes.participation.every(({ mode }) => mode !== "none" && mode !== "shared")).toBe(true);
    }
  });

  test("loss", () => {
    expect(defined(outcome.measures, "loss").value / exact.loss).toBeCloseTo(1, 5);
  });

  const traces = MEASURES.filter(({ family }) => family).map(({ id }) => id);
  test.each(traces)("%s is exact within its errors", (id) => {
    const result = defined(outcome.measures, id);
    expectWithinErrors(result, exact.total[id]!);
    // Of untrained models the curvatures nearly cancel; errors are then compared with the Fisher trace.
    expect(result.directionError! / scaleOf(id)).toBeLessThan(0.06);
  });

  test.each(traces)("%s by tensor adds up and is exact within its errors", (id) => {
    const { value, perTensor } = defined(outcome.measures, id);
    expect(perTensor!.reduce((sum, part) => sum + part.value, 0)).toBeCloseTo(value, 6);
    for (const part of perTensor!) {
      const tolerance = 4 * part.directionError! + 0.0005 * scaleOf(id);
      expect(Math.abs(part.value - exact.perTensor[id]![part.name]!), part.name).toBeLessThan(tolerance);
    }
  });
});
