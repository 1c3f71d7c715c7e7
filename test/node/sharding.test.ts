/** Batches, shards and rounds change nothing but rounding; merging changes not even that. */
import { expect, test } from "vitest";
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { Evaluation } from "../../shared/evaluate/evaluation.ts";
import { mergeTallies, TallyMismatchError, type Tally } from "../../shared/evaluate/tally.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { evaluateToy, expectAgreement } from "../conformance/evaluation-suite.ts";
import { defined } from "../support/accuracy.ts";
import { randomSource } from "../support/random.ts";
import { toyCorpus, toyModel } from "../support/toy-models.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const EPSILON = { "rank-one": 2 ** -10, scaled: 2 ** -8 };

test.each([1, 3, 500])("batches of %d pairs agree with batches of 32", async (batch) => {
  expectAgreement(await evaluateToy(runtime, "mlm", batch), await evaluateToy(runtime, "mlm", 32));
});

test("shards of any size and rounds of any length merge, in any order, to the same tally", async () => {
  const options = {
    measures: ["fisher-trace", "hessian-trace"],
    directions: 6,
    seed: 4,
    batch: 32,
    epsilon: EPSILON,
  };
  const evaluation = await Evaluation.prepare(toyModel("mlm").graph, runtime, toyCorpus("mlm", 50), options);
  const run = async (examples: number, rounds: readonly number[]): Promise<Tally[]> => {
    const tallies: Tally[] = [];
    let first = 0;
    for (const directions of rounds) {
      for (const spec of evaluation.pieces(examples, first, directions))
        tallies.push(await evaluation.runPiece(spec));
      first += directions;
    }
    return tallies;
  };
  const whole = mergeTallies(await run(50, [6]));
  const pieces = await run(16, [2, 1, 3]);
  const random = randomSource(1);
  const shuffled = pieces
    .map((piece) => ({ piece, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ piece }) => piece);
  expect(mergeTallies(shuffled)).toEqual(mergeTallies(pieces));

  const merged = mergeTallies(pieces);
  expect(merged.directions).toEqual(whole.directions);
  expect(merged.tokens).toEqual(whole.tokens);
  for (const id of options.measures) {
    const [a, b] = [merged.measures[id]!, whole.measures[id]!];
    const total = b.sum.reduce((sum, value) => sum + Math.abs(value), 0);
    a.sum.forEach((value, i) => expect(Math.abs(value - b.sum[i]!) / total).toBeLessThan(3e-4));
  }
  expect(() => mergeTallies([...pieces, pieces[0]!])).toThrow(TallyMismatchError);
  expect(() => mergeTallies(pieces.filter(({ firstExample }) => firstExample !== 16))).toThrow(
    TallyMismatchError,
  );
  await evaluation.dispose();
});

test("precision stops when it is reached, and not before", async () => {
  const options = { measures: ["fisher-trace"], directions: 4096, seed: 4, batch: 64, precision: 0.05 };
  const corpus = toyCorpus("mlm", 32);
  const { measures } = await evaluate(toyModel("mlm").graph, runtime, corpus, options);
  const fisher = defined(measures, "fisher-trace");
  expect(fisher.directionError! / fisher.value).toBeLessThanOrEqual(0.05);
  expect(fisher.directions!).toBeLessThan(4096);
  const half = { ...options, directions: Math.floor(fisher.directions! / 4) };
  const capped = defined(
    (await evaluate(toyModel("mlm").graph, runtime, corpus, half)).measures,
    "fisher-trace",
  );
  expect(capped.directions).toBe(half.directions);
  expect(capped.directionError! / capped.value).toBeGreaterThan(0.05);
});

test("a filter moves only what it admits, along the same directions", async () => {
  const corpus = toyCorpus("mlm", 16);
  const run = async (include: (name: string) => boolean) => {
    const options = { measures: ["fisher-trace"], directions: 256, seed: 9, batch: 64, epsilon: EPSILON };
    const outcome = await evaluate(toyModel("mlm").graph, runtime, corpus, {
      ...options,
      include: ({ name }) => include(name),
    });
    return defined(outcome.measures, "fisher-trace");
  };
  const head = (name: string) => name.startsWith("head.");
  const [only, without, all] = [await run(head), await run((name) => !head(name)), await run(() => true)];
  const error = Math.hypot(only.directionError!, without.directionError!, all.directionError!);
  expect(Math.abs(only.value + without.value - all.value)).toBeLessThan(3 * error);
});
