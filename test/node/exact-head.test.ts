/** The output head's part of every trace, exact where the loss is linear in it, against brute force; elsewhere nothing. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { perturbationSummary } from "../../shared/evaluate/result.ts";
import { MEASURES } from "../../shared/measures/index.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { defined, expectWithinErrors } from "../support/accuracy.ts";
import { exactTraces } from "../support/brute-force.ts";
import { toyCorpus, toyModelWithHead, type ToyHead } from "../support/toy-models.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const corpus = toyCorpus("mlm", 24);
const TRACES = MEASURES.filter(({ family }) => family).map(({ id }) => id);
/** Single against double precision; cancellation in 1 − Σ p² included. */
const TOLERANCE = 1e-5;

const options = { measures: TRACES, directions: 256, seed: 3, batch: 64, perLayer: true };

const EXACT: Record<ToyHead, readonly string[]> = {
  gemm: ["head.weight", "head.bias"],
  transposed: ["head.weight"],
  tied: ["head.bias"],
  scaled: ["head.bias"],
  capped: [],
};

describe.each(Object.entries(EXACT) as [ToyHead, readonly string[]][])("%s head", (head, exactNames) => {
  const model = toyModelWithHead(head);
  const prepared = (async () => ({
    truth: await exactTraces(model, corpus, runtime),
    outcome: await evaluate(model.graph, runtime, corpus, options),
  }))();

  test("what is exact, and what is not", async () => {
    const { evaluation, measures } = (await prepared).outcome;
    const size = (name: string) => model.weights.find((weight) => weight.name === name)!.values.length;
    const scalars = exactNames.reduce((sum, name) => sum + size(name), 0);
    const { parameters, perturbedParameters, exactParameters } = perturbationSummary(evaluation);
    expect(exactParameters).toBe(scalars);
    expect(perturbedParameters).toBe(parameters - scalars);
    for (const id of TRACES) {
      const { perTensor } = defined(measures, id);
      expect(perTensor!.map(({ name }) => name).sort()).toEqual(model.weights.map(({ name }) => name).sort());
      const marked = perTensor!.filter(({ exact }) => exact).map(({ name }) => name);
      expect(marked).toEqual(exactNames);
    }
  });

  test.each(TRACES)("%s", async (id) => {
    const { truth, outcome } = await prepared;
    const result = defined(outcome.measures, id);
    expectWithinErrors(result, truth.total[id]!);
    expect(result.perTensor!.reduce((sum, part) => sum + part.value, 0)).toBeCloseTo(result.value, 6);
    const fisher = truth.total[id.startsWith("adaptive") ? "adaptive-fisher-trace" : "fisher-trace"]!;
    for (const { name, value, directionError, exact } of result.perTensor!) {
      const expected = truth.perTensor[id]![name]!;
      const tolerance = exact ? TOLERANCE * expected : 6 * directionError! + 0.001 * fisher;
      expect(Math.abs(value - expected), name).toBeLessThan(tolerance);
      if (exact) expect(directionError).toBe(0);
    }
  });
});

describe("the head alone", () => {
  const model = toyModelWithHead("gemm");
  const head = { ...options, include: ({ name }: { name: string }) => name.startsWith("head.") };

  test.each([true, false])("needs no directions (split by tensor: %s)", async (perLayer) => {
    const truth = await exactTraces(model, corpus, runtime);
    const { evaluation, measures } = await evaluate(model.graph, runtime, corpus, { ...head, perLayer });
    expect([...evaluation.families.values()].map(({ step }) => step)).toEqual([null, null]);
    expect(perturbationSummary(evaluation)).toMatchObject({ perturbedParameters: 0, exactParameters: 77 });
    for (const id of TRACES) {
      const parts = truth.perTensor[id]!;
      const expected = parts["head.weight"]! + parts["head.bias"]!;
      const result = defined(measures, id);
      expect(Math.abs(result.value / expected - 1)).toBeLessThan(TOLERANCE);
      expect(result).toMatchObject({ directionError: 0, directions: 0, roundingError: 0, stepBias: 0 });
      expect(result.standardError).toBeGreaterThan(0);
      expect(result).not.toHaveProperty("epsilon");
    }
  });

  test("adds up with all the rest", async () => {
    const of = async (include: (name: string) => boolean) => {
      const outcome = await evaluate(model.graph, runtime, corpus, {
        ...options,
        perLayer: false,
        measures: ["fisher-trace", "hessian-trace"],
        epsilon: { "rank-one": 2 ** -10 },
        include: ({ name }) => include(name),
      });
      return outcome.measures;
    };
    const isHead = (name: string) => name.startsWith("head.");
    const [only, without, all] = [await of(isHead), await of((name) => !isHead(name)), await of(() => true)];
    for (const id of ["fisher-trace", "hessian-trace"]) {
      const [a, b, c] = [defined(only, id), defined(without, id), defined(all, id)];
      // The same directions move the same weights, whether the head is asked for or not.
      expect(Math.abs((a.value + b.value) / c.value - 1), id).toBeLessThan(1e-6);
      expect(Math.abs(b.directionError! / c.directionError! - 1), id).toBeLessThan(1e-6);
    }
  });

  test("with --precision stops after the first round", async () => {
    const { measures } = await evaluate(model.graph, runtime, corpus, {
      ...head,
      perLayer: false,
      precision: 0.01,
    });
    expect(defined(measures, "hessian-trace").directions).toBe(0);
  });
});

test("a precision in several rounds counts what is exact once", async () => {
  const model = toyModelWithHead("gemm");
  const base = { measures: ["hessian-trace"], seed: 4, batch: 64, epsilon: { "rank-one": 2 ** -10 } };
  const rounds = await evaluate(model.graph, runtime, corpus, { ...base, directions: 40, precision: 1e-4 });
  const once = await evaluate(model.graph, runtime, corpus, { ...base, directions: 40 });
  const [a, b] = [defined(rounds.measures, "hessian-trace"), defined(once.measures, "hessian-trace")];
  expect(a.directions).toBe(40);
  expect(Math.abs(a.value / b.value - 1)).toBeLessThan(3e-3);
  expect(rounds.tallies.get("rank-one")!.exact).toEqual(once.tallies.get("rank-one")!.exact);
});
