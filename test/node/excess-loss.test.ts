/** The excess loss against Σ_c q_c (log q_c − log p_c) in double precision, from the model's own logits. */
import { describe, expect, test } from "vitest";
import { targetsOf, type Corpus } from "../../shared/corpus/corpus.ts";
import { corpusOf as corpusOfExamples } from "../../shared/corpus/parse.ts";
import { ConditionalLoss } from "../../shared/evaluate/conditional-loss.ts";
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { Evaluation } from "../../shared/evaluate/evaluation.ts";
import { measureResults } from "../../shared/evaluate/result.ts";
import { mergeTallies, TallyMismatchError } from "../../shared/evaluate/tally.ts";
import { makeLanguage, type LanguageDefinition } from "../../shared/languages/definition.ts";
import { entropyOf } from "../../shared/languages/language.ts";
import { MASK, PAD, vocabularySize } from "../../shared/languages/vocabulary.ts";
import { Builder } from "../../shared/onnx/build.ts";
import { UnsupportedModelError } from "../../shared/onnx/error.ts";
import { makeNode, type Graph } from "../../shared/onnx/graph.ts";
import { inputFeeds } from "../../shared/onnx/inputs.ts";
import { constant, DataType } from "../../shared/onnx/weights.ts";
import { writeModel } from "../../shared/onnx/write.ts";
import { prepareSubject, type Subject } from "../../shared/perturb/subject.ts";
import { optimalLoss, suiteConditionals } from "../../shared/suites/conditionals.ts";
import { maskedCorpus } from "../../shared/suites/sentences.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { defined } from "../support/accuracy.ts";
import { ExactModel } from "../support/exact-model.ts";
import { exportNamed, subjectOf } from "../support/exports.ts";
import { toyModel } from "../support/toy-models.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const LIMITS = { pairs: 32, tokens: 4096, padding: true };

/** Sentences of a language with one hidden word each, and how they continue. */
function materialOf(language: LanguageDefinition, examples: number, seed = 1): Required<Corpus> {
  const made = makeLanguage(language);
  const size = vocabularySize(made.words.length);
  const corpus = corpusOfExamples(maskedCorpus(made, examples, seed), "mlm");
  const definition = { id: "test@1", title: "", description: "", objective: "mlm", language } as const;
  const rest = { measures: [], directions: 1, seed, probeDimensions: 8 };
  const vocabulary = { size, pad: PAD, mask: MASK };
  const suite = { definition: { ...definition, ...rest, vocabulary }, corpus, tasks: [] };
  return { ...corpus, conditionals: suiteConditionals(suite)! };
}

const hmm = (words: number, minimumLength: number, maximumLength: number): LanguageDefinition => ({
  kind: "hmm",
  shape: { states: 3, words, minimumLength, maximumLength, transitionSpread: 2, emissionSpread: 2 },
  seed: 1,
});

/** Σ_c q_c (log q_c − log p_c), p the softmax of these logits. */
function divergence(q: Float64Array, logits: ArrayLike<number>): number {
  const z = Array.from(logits);
  const most = Math.max(...z);
  const total = most + Math.log(z.reduce((sum, value) => sum + Math.exp(value - most), 0));
  return q.reduce((sum, share, c) => (share > 0 ? sum + share * (Math.log(share) - z[c]! + total) : sum), 0);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("a toy encoder", async () => {
  const model = toyModel("mlm");
  // Nine words and two special tokens: the toy model's vocabulary.
  const corpus = materialOf(hmm(9, 2, 6), 40);
  const exact = await ExactModel.load(model, runtime);
  const { logits } = await exact.predict(corpus.examples, "mlm");
  const expected = logits.map((row, t) => divergence(corpus.conditionals[t]!, row));
  const options = { measures: ["excess-loss"], directions: 2, seed: 1, batch: 32 };

  test("brute force gives the same, example by example", async () => {
    const subject = await prepareSubject(model.graph, runtime, corpus);
    const loss = new ConditionalLoss(subject, runtime, corpus, corpus.conditionals);
    const found = await loss.excess(range(40), LIMITS);
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    // Of any examples in any order, in passes of any size.
    const some = [39, 3, 17, 0, 25];
    for (const pairs of [1, 2, 32]) {
      const values = await loss.excess(some, { ...LIMITS, pairs });
      values.forEach((value, k) => expect(value).toBeCloseTo(found[some[k]!]!, 5));
    }
    await loss.dispose();
  });

  test("as a measure it is the mean, with its error over examples, and the rest of the loss is entropy", async () => {
    const { measures } = await evaluate(model.graph, runtime, corpus, options);
    const { value, standardError, unit } = defined(measures, "excess-loss");
    const mean = sum(expected) / 40;
    const variance = sum(expected.map((each) => (each - mean) ** 2)) / 39;
    expect(value).toBeCloseTo(mean, 6);
    expect(standardError).toBeCloseTo(Math.sqrt(variance / 40), 6);
    expect(unit).toBe("nats/token");
    expect(value).toBeGreaterThan(0);
    // The loss differs from entropy + excess by the noise of the labels alone.
    const loss = defined(measures, "loss");
    const optimum = optimalLoss(corpus.conditionals);
    const noise = Math.hypot(loss.standardError!, optimum.standardError, standardError!);
    expect(Math.abs(loss.value - optimum.value - value)).toBeLessThan(4 * noise);
  });

  test("shards in any order, in passes of any size, with further directions later", async () => {
    const measures = ["excess-loss", "fisher-trace"];
    const merged = async (batch: number, reversed: boolean) => {
      const evaluation = await Evaluation.prepare(model.graph, runtime, corpus, {
        ...{ ...options, measures, batch },
        epsilon: { "rank-one": 2 ** -9 },
      });
      const first = evaluation.pieces(16, 0, 1);
      const tallies = [];
      for (const spec of reversed ? first.toReversed() : first) {
        const tally = await evaluation.runPiece(spec);
        tallies.push(tally, await evaluation.runPiece({ ...spec, firstDirection: 2 }, tally));
      }
      await evaluation.dispose();
      const whole = mergeTallies(tallies);
      const results = measureResults(evaluation, new Map([["rank-one", whole]]));
      return { excess: whole.excess!, value: defined(results, "excess-loss").value, tallies };
    };
    const forward = await merged(32, false);
    const backward = await merged(32, true);
    const small = await merged(3, true);
    expect(backward.excess).toEqual(forward.excess);
    expect(forward.excess).toHaveLength(40);
    expect(small.value).toBeCloseTo(forward.value, 6);
    expect(forward.value).toBeCloseTo(sum(expected) / 40, 6);
    const [some, , other] = forward.tallies;
    expect(() => mergeTallies([some!, { ...other!, excess: null }])).toThrow(TallyMismatchError);
  });

  test("WebAssembly agrees", async () => {
    const wasm = await startNodeWasmRuntime();
    const { measures } = await evaluate(model.graph, wasm, corpus, options);
    expect(Math.abs(defined(measures, "excess-loss").value - sum(expected) / 40)).toBeLessThan(1e-5);
  });

  test("undefined, with the reason, where the language is not known", async () => {
    const { conditionals, ...unknown } = corpus;
    expect(conditionals).toHaveLength(40);
    const { measures } = await evaluate(model.graph, runtime, unknown, options);
    expect(measures["excess-loss"]).toEqual({
      value: null,
      reason: expect.stringContaining("language of the corpus is not known"),
    });
    expect(defined(measures, "loss").value).toBeGreaterThan(0);
  });

  test("a language of more words than the model knows is refused", async () => {
    // Few examples, so that the last words do not occur: their ids alone would not tell.
    const { examples, largestId, conditionals } = materialOf(hmm(60, 2, 3), 400);
    const known = examples.flatMap((example, i) =>
      [...example.inputIds, ...example.labels].every((id) => id < 11) ? [i] : [],
    );
    expect(largestId).toBeGreaterThan(11);
    expect(known.length).toBeGreaterThan(1);
    const fitting = corpusOfExamples(
      known.map((i) => examples[i]!),
      "mlm",
    );
    const refused = evaluate(
      model.graph,
      runtime,
      { ...fitting, conditionals: known.map((i) => conditionals[i]!) },
      options,
    );
    await expect(refused).rejects.toThrow(UnsupportedModelError);
    await expect(refused).rejects.toThrow("has 62 tokens, but the model knows 11.");
  });
});

// Vocabulary 40, of which the language has 22; sentences of 8 tokens, as the models that are fixed to a length take.
describe("exports: brute force from their own logits gives the same", () => {
  test.each<[file: string, tolerance: number]>([
    ["plain-batch-1.dynamo18.onnx", 1e-5],
    ["torch-sequence-first.torchscript17.onnx", 1e-5],
    ["bert.dynamo18.onnx", 1e-5],
    // Half precision rounds otherwise in other batches.
    ["plain-fp16.onnxruntime18.onnx", 1e-3],
  ])("%s", async (file, tolerance) => {
    const subject = await subjectOf(exportNamed(file), runtime);
    const length = subject.inputs.fixedLength ?? 8;
    const corpus = materialOf(hmm(20, length, length), 6);
    const loss = new ConditionalLoss(subject, runtime, corpus, corpus.conditionals);
    const found = await loss.excess(range(6), LIMITS);
    await loss.dispose();
    const expected = await bruteForce(subject, corpus);
    found.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance));
  });
});

/** From the logits of the model as it is, one example a run. */
async function bruteForce(subject: Subject, corpus: Required<Corpus>): Promise<number[]> {
  const { graph, inputs, logits, vocabulary } = subject;
  const session = await runtime.createSession(writeModel(graph));
  const values: number[] = [];
  let token = 0;
  for (const example of corpus.examples) {
    const { data } = (await session.run(inputFeeds(graph, inputs, [example], example.inputIds.length)))[
      logits
    ]!;
    const rows = targetsOf(example, "mlm").map(({ position }) => {
      const q = new Float64Array(vocabulary);
      q.set(corpus.conditionals[token++]!);
      const row = Array.from(data.slice(position * vocabulary, (position + 1) * vocabulary), Number);
      return divergence(q, row);
    });
    values.push(sum(rows));
  }
  await session.dispose();
  return values;
}

describe("a perfect model", () => {
  // Two words that agree: what the first one may be says all about the second, and the other way round.
  const language: LanguageDefinition = {
    kind: "pcfg",
    grammar: "S A A 0.7\nS B B 0.3\nA a 0.6\nA b 0.3\nA c 0.1\nB c 0.5\nB d 0.5",
  };
  const size = 6;
  const corpus = materialOf(language, 64);

  /** Logits log q(word | the other word), with a number in place of log 0. */
  function perfectGraph(logOfZero: number): Graph {
    const known = makeLanguage(language);
    const table = new Float32Array(size * size);
    for (const [word] of known.words.entries()) {
      const [q] = known.conditionals([word, -1]) as [Float64Array];
      table.fill(logOfZero, (word + 2) * size, (word + 3) * size);
      q.forEach((share, c) => {
        if (share > 0) table[(word + 2) * size + c + 2] = Math.log(share);
      });
    }
    const graph: Graph = {
      ...{ opset: 17, irVersion: 8, producer: "test" },
      inputs: [{ name: "input_ids", elementType: DataType.INT64, dims: ["batch", "sequence"] }],
      outputs: ["logits"],
      nodes: [],
      initializers: new Map([["table", constant("table", [size, size], table)]]),
      sources: new Map(),
    };
    const builder = new Builder(graph, "perfect:");
    const other = builder.gather("input_ids", builder.ints([1, 0]), 1);
    const rows = builder.gather("table", other, 0);
    graph.nodes = [...builder.nodes, makeNode("Identity", [rows], ["logits"])];
    return graph;
  }

  test.each([-60, -Infinity])("has no excess loss; words ruled out by logits of %d", async (logOfZero) => {
    const subject = await prepareSubject(perfectGraph(logOfZero), runtime, corpus);
    const loss = new ConditionalLoss(subject, runtime, corpus, corpus.conditionals);
    const excess = await loss.excess(range(64), LIMITS);
    await loss.dispose();
    for (const value of excess) expect(Math.abs(value)).toBeLessThan(1e-6);
    expect(Math.max(...corpus.conditionals.map(entropyOf))).toBeGreaterThan(0.9);
  });

  test("its loss is the entropy, but for the noise of labels", async () => {
    const options = { measures: ["excess-loss"], directions: 1, seed: 1, batch: 16 };
    const { measures } = await evaluate(perfectGraph(-60), runtime, corpus, options);
    expect(Math.abs(defined(measures, "excess-loss").value)).toBeLessThan(1e-6);
    const { value, standardError } = defined(measures, "loss");
    expect(Math.abs(value - optimalLoss(corpus.conditionals).value)).toBeLessThan(4 * standardError!);
  });
});
