/** Error bars cover the truth as often as they say, and the pilot's ε leaves next to no error. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { targetsOf, type Corpus } from "../../shared/corpus/corpus.ts";
import { estimate, type Estimate } from "../../shared/evaluate/estimate.ts";
import { Evaluation } from "../../shared/evaluate/evaluation.ts";
import type { Tally } from "../../shared/evaluate/tally.ts";
import { MEASURES } from "../../shared/measures/index.ts";
import { studentTQuantile } from "../../shared/statistics/student-t.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { exactAlongDirections, exactTraces, type ExactTraces } from "../support/brute-force.ts";
import { randomSource } from "../support/random.ts";
import { toyCorpus, toyModel } from "../support/toy-models.ts";

const DIRECTIONS = 2000;
const MEASURED = ["fisher-trace", "hessian-trace"];

describe.each(["mlm", "clm"] as const)("%s toy model", (objective) => {
  const model = toyModel(objective);
  const corpus = toyCorpus(objective, 64);
  const tokens = corpus.examples.map((example) => targetsOf(example, objective).length);
  let exact: ExactTraces;
  let evaluation: Evaluation;
  /** [measure][example][direction]. */
  let values: Record<string, Float64Array[]>;

  beforeAll(async () => {
    const runtime = await createNodeRuntime({ threads: 1 });
    exact = await exactTraces(model, corpus, runtime);
    const options = { measures: MEASURED, directions: DIRECTIONS, seed: 11, batch: 256 };
    evaluation = await Evaluation.prepare(model.graph, runtime, corpus, options);
    values = await everyDirection(evaluation, corpus);
  }, 120_000);
  afterAll(() => evaluation.dispose());

  test.each(MEASURED)("directionError of %s: 500 blocks of 4 directions", (id) => {
    let covered = 0;
    const blocks = DIRECTIONS / 4;
    for (let block = 0; block < blocks; block++) {
      const found = tallied(
        values[id]!.map((list) => list.subarray(4 * block, 4 * block + 4)),
        tokens,
      );
      const margin = studentTQuantile(0.975, found.directionDegrees) * found.directionError!;
      if (Math.abs(found.value - exact.total[id]!) <= margin) covered++;
    }
    expect(covered / blocks).toBeGreaterThan(0.92);
    expect(covered / blocks).toBeLessThan(0.98);
  });

  test.each(MEASURED)("directionError of %s with one direction each, and two for a few", (id) => {
    // 512 examples of one direction each: every pool example often, each time with directions of its own.
    let covered = 0;
    const trials = 1000;
    const random = randomSource(5);
    const pool = values[id]!;
    const repeats = 8;
    for (let trial = 0; trial < trials; trial++) {
      const lists = Array.from({ length: pool.length * repeats }, (_, i) => {
        const drawn = i % 7 === 0 ? 2 : 1;
        return Float64Array.from(
          { length: drawn },
          () => pool[i % pool.length]![Math.floor(random() * DIRECTIONS)]!,
        );
      });
      const found = tallied(
        lists,
        lists.map((_, i) => tokens[i % pool.length]!),
      );
      const margin = studentTQuantile(0.975, found.directionDegrees) * found.directionError!;
      if (Math.abs(found.value - exact.total[id]!) <= margin) covered++;
    }
    // A seventh of heavy-tailed examples stands for the spread of all.
    expect(covered / trials).toBeGreaterThan(0.9);
    expect(covered / trials).toBeLessThan(0.98);
  });

  test.each(MEASURED)("standardError of %s: 400 examples drawn from the corpus", (id) => {
    let covered = 0;
    const trials = 1000;
    const random = randomSource(6);
    for (let trial = 0; trial < trials; trial++) {
      const drawn = Array.from({ length: 400 }, () => Math.floor(random() * tokens.length));
      const lists = drawn.map((i) =>
        Float64Array.from({ length: 2 }, () => values[id]![i]![Math.floor(random() * DIRECTIONS)]!),
      );
      const found = tallied(
        lists,
        drawn.map((i) => tokens[i]!),
      );
      const margin = studentTQuantile(0.975, found.standardDegrees) * found.standardError!;
      if (Math.abs(found.value - exact.total[id]!) <= margin) covered++;
    }
    expect(covered / trials).toBeGreaterThan(0.92);
    expect(covered / trials).toBeLessThan(0.98);
  });

  test.each(MEASURED)(
    "the pilot's ε leaves at most 0.5 % of error in %s, noise averaged out",
    async (id) => {
      const { step, passes } = evaluation.families.get("rank-one")!;
      const { epsilon } = step!;
      const known = (mode: "exact" | "example") =>
        evaluation.subject.parameters.filter(({ index }) => passes.participation[index]!.mode === mode);
      // The same directions at a step so much smaller that truncation vanishes, in double precision, are the reference:
      // direction noise cancels in the difference.
      const runtime = await createNodeRuntime({ threads: 1 });
      const moved = await exactAlongDirections(model, known("example"), corpus, 16, 11, runtime);
      const reference = known("exact").reduce(
        (sum, { name }) => sum + exact.perTensor[id]![name]!,
        moved[id]!,
      );
      const scale = Math.max(exact.total["fisher-trace"]!, exact.total[id]!);
      const found = tallied(
        values[id]!.map((list) => list.subarray(0, 16)),
        tokens,
      ).value;
      expect(Math.abs(found - reference) / scale, `at ε = ${epsilon}`).toBeLessThan(0.005);
    },
    60_000,
  );
});

async function everyDirection(
  evaluation: Evaluation,
  corpus: Corpus,
): Promise<Record<string, Float64Array[]>> {
  const pairs = corpus.examples.flatMap((_, example) =>
    Array.from({ length: DIRECTIONS }, (_, direction) => ({ example, direction })),
  );
  const base = await evaluation.runPiece({
    family: "rank-one",
    firstExample: 0,
    examples: corpus.examples.length,
    firstDirection: 0,
    directions: 0,
  });
  const outcomes = await evaluation.outcomes("rank-one", pairs);
  const { epsilon } = evaluation.families.get("rank-one")!.step!;
  const lists = Object.fromEntries(
    MEASURED.map((id) => [id, corpus.examples.map(() => new Float64Array(DIRECTIONS))]),
  );
  for (const {
    pair,
    loss: [plus, minus],
    first,
    squaredDifference,
  } of outcomes) {
    const sums = { base: base.loss[pair.example]!, plus: plus!, minus: minus!, first, squaredDifference };
    for (const measure of MEASURES.filter(({ id }) => MEASURED.includes(id))) {
      const exact = measure.exact === null ? undefined : base.exact[measure.exact]?.sum[pair.example];
      lists[measure.id]![pair.example]![pair.direction] = measure.estimate(sums, epsilon) + (exact ?? 0);
    }
  }
  return lists;
}

/** The production estimate from values by example and direction. */
function tallied(lists: readonly Float64Array[], tokens: readonly number[]): Estimate {
  const tally: Tally = {
    firstExample: 0,
    firstDirection: 0,
    unitSize: 1,
    tokens,
    loss: tokens.map(() => 0),
    excess: null,
    directions: lists.map((list) => list.length),
    exact: {},
    measures: {},
  };
  const sums = {
    sum: lists.map((list) => list.reduce((total, value) => total + value, 0)),
    squares: lists.map((list) => list.reduce((total, value) => total + value * value, 0)),
  };
  return estimate(tally, sums);
}
