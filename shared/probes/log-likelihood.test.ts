import { describe, expect, test } from "vitest";
import { exportNamed, sentencesOf, subjectOf } from "../../test/support/exports.ts";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import type { Objective } from "../corpus/corpus.ts";
import { cloneGraph } from "../onnx/graph.ts";
import { inputFeeds } from "../onnx/inputs.ts";
import { constant, DataType } from "../onnx/weights.ts";
import { Builder } from "../onnx/build.ts";
import { writeModel } from "../onnx/write.ts";
import { NonFiniteLossError } from "../perturb/finite-loss.ts";
import { prepareSubject, type Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import { LogLikelihood, type LogLikelihoodOptions } from "./log-likelihood.ts";
import type { ScoredSentence } from "./log-likelihood-rows.ts";
import { exampleOf, TaskError, type TokenIds } from "./sentences.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const MASK = 10;

async function toy(architecture: Objective): Promise<Subject> {
  return prepareSubject(toyModel(architecture).graph, runtime, toyCorpus(architecture, 4));
}

function named(list: readonly TokenIds[], first = 0): ScoredSentence[] {
  return list.map((ids, i) => ({
    ids,
    positions: ids.flatMap((_, t) => (t >= first ? [t] : [])),
    name: `Sentence ${i + 1}`,
  }));
}

async function score(
  model: Subject,
  objective: Objective,
  sentences: readonly ScoredSentence[],
  options: Partial<LogLikelihoodOptions> = {},
): Promise<Float64Array[]> {
  const maskId = objective === "mlm" ? MASK : null;
  const likelihood = await LogLikelihood.prepare({ model, runtime, objective, maskId, ...options });
  try {
    return await likelihood.score(sentences);
  } finally {
    await likelihood.dispose();
  }
}

/** log softmax of whole logits in double precision; every row of a sentence run alone. */
async function bruteForce(model: Subject, objective: Objective, { ids, positions }: ScoredSentence) {
  const graph = cloneGraph(model.graph);
  const builder = new Builder(graph, "brute:");
  const output = builder.cast(model.logits, DataType.FLOAT);
  graph.nodes.push(...builder.nodes);
  graph.outputs = [output];
  const session = await runtime.createSession(writeModel(graph));
  const found: number[] = [];
  for (const t of positions) {
    const fed = objective === "mlm" ? ids.map((id, at) => (at === t ? MASK : id)) : ids;
    const outputs = await session.run(inputFeeds(graph, model.inputs, [exampleOf(fed)], ids.length));
    const row = objective === "mlm" ? t : t - 1;
    const z = (outputs[output]!.data as Float32Array).slice(
      row * model.vocabulary,
      (row + 1) * model.vocabulary,
    );
    const total = z.reduce((sum: number, value) => sum + Math.exp(value), 0);
    found.push(z[ids[t]!]! - Math.log(total));
  }
  await session.dispose();
  return found;
}

async function expectBruteForce(
  model: Subject,
  objective: Objective,
  sentences: readonly ScoredSentence[],
  tolerance = 2e-5,
) {
  const scores = await score(model, objective, sentences);
  for (const [i, sentence] of sentences.entries()) {
    const expected = await bruteForce(model, objective, sentence);
    expect(scores[i]!.length).toBe(expected.length);
    expected.forEach((value, t) => expect(Math.abs(scores[i]![t]! - value)).toBeLessThan(tolerance));
  }
}

describe("equals brute force from the logits", () => {
  const sentences = toyCorpus("clm", 12).examples.map(({ inputIds }) => inputIds.map((id) => id % MASK));

  test("masked", async () => expectBruteForce(await toy("mlm"), "mlm", named(sentences)));

  test("causal", async () => expectBruteForce(await toy("clm"), "clm", named(sentences, 1)));

  test.each([
    "plain-batch-1.dynamo18.onnx",
    "torch-sequence-first.dynamo18.onnx",
    "bert-fused.onnxruntime17.onnx",
    "gpt2-fused.onnxruntime17.onnx",
    "gpt2-merged.dynamo18.onnx",
    "llama.dynamo23.onnx",
    "llama-int4-weights.onnxruntime21.onnx",
    "gpt2-fp16.dynamo18.onnx",
  ])("%s", async (file) => {
    const exported = exportNamed(file);
    const list = sentencesOf(exported)
      .slice(0, 5)
      .map((ids) => ids.map((id) => (id === MASK ? 1 : id)));
    const sentences = named(list, exported.objective === "clm" ? 1 : 0);
    const tolerance = file.includes("fp16") ? 2e-2 : 2e-5;
    await expectBruteForce(await subjectOf(exported, runtime), exported.objective, sentences, tolerance);
  });
});

test("only the positions asked for, in any batch and on any runtime", async () => {
  const model = await toy("mlm");
  const sentences: ScoredSentence[] = [
    { ids: [1, 2, 3, 4], positions: [1, 3], name: "a" },
    { ids: [5, 6], positions: [], name: "b" },
    { ids: [7, 8, 9], positions: [0], name: "c" },
  ];
  const together = await score(model, "mlm", sentences);
  expect(together.map(({ length }) => length)).toEqual([2, 0, 1]);
  const wasm: Runtime = await startNodeWasmRuntime();
  for (const options of [{ batch: 1 }, { runtime: wasm }]) {
    const others = await score(model, "mlm", sentences, options);
    together.forEach((values, i) =>
      values.forEach((value, t) => expect(Math.abs(value - others[i]![t]!)).toBeLessThan(1e-5)),
    );
  }
});

test("inputs that are the same once masked run once", async () => {
  const model = await toy("mlm");
  let rows = 0;
  const counting: Runtime = {
    ...runtime,
    async createSession(bytes, options) {
      const session = await runtime.createSession(bytes, options);
      return {
        ...session,
        run(feeds) {
          rows += feeds["input_ids"]!.dims[0]!;
          return session.run(feeds);
        },
      };
    },
  };
  const pair = named([
    [1, 2, 3, 4],
    [1, 2, 7, 4],
  ]);
  const [good, bad] = await score(model, "mlm", pair, { runtime: counting });
  expect(rows).toBe(7);
  expect(good![2]).not.toBe(bad![2]);
  const [alone] = await score(model, "mlm", pair.slice(1));
  alone!.forEach((value, t) => expect(Math.abs(value - bad![t]!)).toBeLessThan(1e-5));
});

describe("says what is wrong with", () => {
  test("a mask token that is missing, unknown, or part of a sentence", async () => {
    const model = await toy("mlm");
    await expect(score(model, "mlm", [], { maskId: null })).rejects.toThrow("say which id masks");
    await expect(score(model, "mlm", [], { maskId: 11 })).rejects.toThrow("knows tokens 0 to 10");
    await expect(score(model, "mlm", named([[1, MASK]]))).rejects.toThrow(
      "Sentence 1 holds the mask token 10",
    );
  });

  test("a first token asked of a causal model", async () => {
    await expect(score(await toy("clm"), "clm", named([[1, 2]]))).rejects.toThrow(
      "Sentence 1 asks for its first token",
    );
  });

  test.each<Objective>(["mlm", "clm"])("sentences, %s", async (objective) => {
    const model = await toy(objective);
    const run = (list: TokenIds[]) => score(model, objective, named(list, 1));
    await expect(
      run([
        [1, 2],
        [1, 12],
      ]),
    ).rejects.toThrow("Sentence 2 holds token 12");
    await expect(run([[1, 2], []])).rejects.toThrow("Sentence 2 is empty");
    await expect(
      run([
        [1, 2],
        [1, 2, 3, 4, 5, 6, 7, 8],
      ]),
    ).rejects.toThrow("Sentence 2 has 8 tokens, but the model takes 6 at most");
    await expect(
      run([
        [1, 2],
        [1, 12],
      ]),
    ).rejects.toThrow(TaskError);
  });

  test("logits that are no numbers", async () => {
    const model = await toy("mlm");
    const graph = cloneGraph(model.graph);
    const values = new Float32Array(11 * 6).fill(0.5);
    values.fill(NaN, 3 * 6, 4 * 6);
    graph.initializers.set("words.weight", constant("words.weight", [11, 6], values));
    const run = score(
      { ...model, graph },
      "mlm",
      named([
        [1, 2],
        [4, 3],
      ]),
    );
    await expect(run).rejects.toThrow("Sentence 2 has a log-likelihood of NaN at position 0");
    await expect(run).rejects.toThrow(NonFiniteLossError);
  });
});
