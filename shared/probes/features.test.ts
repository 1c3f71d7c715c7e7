import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { corpusOf, exportNamed, sentencesOf, subjectOf } from "../../test/support/exports.ts";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { UnsupportedModelError } from "../onnx/error.ts";
import { Builder } from "../onnx/build.ts";
import { cloneGraph } from "../onnx/graph.ts";
import { readModel } from "../onnx/read.ts";
import { bytesSource } from "../onnx/source.ts";
import { constant } from "../onnx/weights.ts";
import { prepareSubject, type Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import type { Pooling } from "../suites/task.ts";
import { FeatureExtractor, type FeatureOptions } from "./features.ts";
import { TaskError, type ForwardModel, type TokenIds } from "./sentences.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const corpus = toyCorpus("mlm", 40);
const sentences = corpus.examples.map(({ inputIds }) => inputIds);
const LONGEST = 6;
let model: Subject;

beforeAll(async () => {
  model = await prepareSubject(toyModel("mlm").graph, runtime, corpus);
});

async function prepare(options: Partial<FeatureOptions> = {}): Promise<FeatureExtractor> {
  const pooling: Pooling = { kind: "concatenated" };
  return FeatureExtractor.prepare({
    model,
    runtime,
    pooling,
    dimensions: 32,
    seed: 1,
    longest: LONGEST,
    ...options,
  });
}

async function extract(list: readonly TokenIds[], options: Partial<FeatureOptions> = {}) {
  const extractor = await prepare(options);
  try {
    return await extractor.extract(list);
  } finally {
    await extractor.dispose();
  }
}

function distance(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

function expectClose(
  a: Awaited<ReturnType<typeof extract>>,
  b: Awaited<ReturnType<typeof extract>>,
  tolerance: number,
): void {
  a.layers.forEach(({ values }, i) => expect(distance(values, b.layers[i]!.values)).toBeLessThan(tolerance));
}

describe("numbers do not depend on", () => {
  test.each<Pooling>([{ kind: "concatenated" }, { kind: "mean" }, { kind: "position", position: 1 }])(
    "what else is in a pass, $kind",
    async (pooling) => {
      const together = await extract(sentences, { pooling });
      expectClose(together, await extract(sentences, { pooling, batch: 1 }), 1e-5);
      expectClose(together, await extract(sentences, { pooling, batch: 3 }), 1e-5);
    },
  );

  test("the room for longer sentences", async () => {
    expectClose(await extract(sentences), await extract(sentences, { longest: 40 }), 1e-5);
  });

  test("the runtime", async () => {
    const wasm = await startNodeWasmRuntime();
    for (const kind of ["concatenated", "mean"] as const) {
      const pooling: Pooling = { kind };
      expectClose(
        await extract(sentences, { pooling }),
        await extract(sentences, { pooling, runtime: wasm as Runtime }),
        1e-5,
      );
    }
  });

  test("which range of them is asked for", async () => {
    const whole = await extract(sentences);
    const extractor = await prepare();
    for (const first of [30, 0, 10, 20, 10]) {
      const found = await extractor.extract(sentences, { first, count: 10 });
      const own = whole.layers.map(({ layer, values }) => ({
        layer,
        values: values.subarray(first * 32, (first + 10) * 32),
      }));
      expectClose({ ...found, layers: own }, found, 1e-5);
    }
    await expect(extractor.extract(sentences, { first: 35, count: 10 })).rejects.toThrow(RangeError);
    await extractor.dispose();
  });
});

test("the seed and the pooling change features, and different sentences have different ones", async () => {
  const [one] = (await extract(sentences)).layers;
  const [other] = (await extract(sentences, { seed: 2 })).layers;
  const [mean] = (await extract(sentences, { pooling: { kind: "mean" } })).layers;
  expect(distance(one!.values, other!.values)).toBeGreaterThan(0.1);
  expect(distance(one!.values, mean!.values)).toBeGreaterThan(0.1);
  expect(distance(one!.values.slice(0, 32), one!.values.slice(32, 64))).toBeGreaterThan(0.1);
});

test("squared distances are kept on average", async () => {
  const few = (await extract(sentences, { dimensions: 512 })).layers[1]!.values;
  const raw = (await extract(sentences, { dimensions: 512, seed: 9 })).layers[1]!.values;
  const square = (values: Float32Array, a: number, b: number) =>
    Array.from({ length: 512 }).reduce<number>(
      (sum, _, k) => sum + (values[a * 512 + k]! - values[b * 512 + k]!) ** 2,
      0,
    );
  // Two projections of one thing: each has a relative error of √(2/512) = 6 %, so ratios stay within 4 · √2 · 6 %.
  for (let i = 1; i < sentences.length; i++) {
    const ratio = square(few, 0, i) / square(raw, 0, i);
    if (square(raw, 0, i) > 1e-6) expect(Math.abs(Math.log(ratio))).toBeLessThan(0.36);
  }
});

test.each([
  ["sequence first", true, false],
  ["flattened, batch first", false, true],
  ["flattened, sequence first", true, true],
])("hidden states may stand %s", async (_, swapped, flat) => {
  const graph = cloneGraph(model.graph);
  const builder = new Builder(graph, "turned:");
  const hiddenStates = model.hiddenStates.map(({ value, layer }) => {
    const turned = swapped ? builder.transpose(value, [1, 0, 2]) : value;
    return { value: flat ? builder.reshape(turned, [-1, 6]) : turned, layer };
  });
  graph.nodes.push(...builder.nodes);
  expectClose(
    await extract(sentences, { model: { ...model, graph, hiddenStates } }),
    await extract(sentences),
    1e-6,
  );
});

test("hidden states with other axes are refused by name", async () => {
  const graph = cloneGraph(model.graph);
  const builder = new Builder(graph, "turned:");
  const value = builder.transpose(model.hiddenStates[1]!.value, [0, 2, 1], "channels-first");
  graph.nodes.push(...builder.nodes);
  const hiddenStates = [{ value, layer: 0 }];
  await expect(prepare({ model: { ...model, graph, hiddenStates }, longest: 5 })).rejects.toThrow(
    "Hidden state 'channels-first' has shape [3, 6, ",
  );
});

test("weights that stay in their file give the same as weights in memory", async () => {
  const exported = exportNamed("bert.dynamo18.onnx");
  const file = fileURLToPath(new URL(`../../test/exports/${exported.file}`, import.meta.url));
  const read = await readModel({ ...bytesSource(readFileSync(file)), contents: { file } });
  const list = sentencesOf(exported);
  const longest = Math.max(...list.map(({ length }) => length));
  const inFile = await prepareSubject(read, runtime, corpusOf(exported));
  const inMemory = await subjectOf(exported, runtime);
  expectClose(
    await extract(list, { model: inFile, longest }),
    await extract(list, { model: inMemory, longest }),
    1e-6,
  );
});

describe("models that only take", () => {
  test("sentences of one length without a mask get them together", async () => {
    const exported = exportNamed("gpt2-fused.onnxruntime17.onnx");
    const subject = await subjectOf(exported, runtime);
    const list = sentencesOf(exported);
    const longest = Math.max(...list.map(({ length }) => length));
    expectClose(
      await extract(list, { model: subject, longest }),
      await extract(list, { model: subject, longest, batch: 1 }),
      1e-5,
    );
  });

  test("the length baked into them say so", async () => {
    const exported = exportNamed("torch-batch-first.torchscript17.onnx");
    const subject = await subjectOf(exported, runtime);
    const list = [sentencesOf(exported)[0]!, [1, 2, 3]];
    await expect(extract([list[1]!], { model: subject, longest: 8 })).rejects.toThrow(
      /ONNX Runtime cannot run the model on example 1 \(3 tokens\)/,
    );
    // Beside one of that length it is padded to it, which the model takes.
    await expect(extract(list, { model: subject, longest: 8 })).resolves.toBeDefined();
  });

  test("a declared length say so", async () => {
    const inputs = { ...model.inputs, fixedLength: 4 };
    const fixed: ForwardModel = { ...model, inputs };
    await expect(extract([[1, 2, 3, 4, 5]], { model: fixed })).rejects.toThrow(
      "Example 1 has 5 tokens, but the model is fixed to 4",
    );
    const list = sentences.filter(({ length }) => length <= 4);
    expectClose(await extract(list, { model: fixed }), await extract(list), 1e-5);
    const maskless: ForwardModel = { ...model, inputs: { ...inputs, takesMask: false } };
    await expect(extract([[1, 2, 3]], { model: maskless })).rejects.toThrow("is fixed to 4");
  });
});

describe("says what is wrong with", () => {
  test("a token that the model does not know", async () => {
    await expect(
      extract([
        [1, 2],
        [3, 11, 4],
      ]),
    ).rejects.toThrow("Example 2 holds token 11, but the model knows tokens 0 to 10");
    await expect(extract([[1, -1]])).rejects.toThrow("Example 1 holds token -1");
    await expect(extract([[1, 1.5]])).rejects.toThrow("holds token 1.5");
    await expect(extract([[1, NaN]])).rejects.toThrow("holds token NaN");
  });

  test("an empty sentence", async () => {
    await expect(extract([[1], []])).rejects.toThrow("Example 2 is empty");
  });

  test("a sentence longer than the model's positions", async () => {
    const long = [[1, 2, 3], Array.from({ length: 9 }, () => 1)];
    await expect(extract(long, { longest: 9 })).rejects.toThrow(
      "Example 2 has 9 tokens, but the model takes 6 at most",
    );
  });

  test("a sentence longer than the task's longest", async () => {
    await expect(extract([[1, 2, 3]], { longest: 2 })).rejects.toThrow(
      "Example 1 has 3 tokens, but the task's longest sentence was said to have 2",
    );
  });

  test("a position that a sentence has not", async () => {
    const pooling: Pooling = { kind: "position", position: 4 };
    await expect(
      extract(
        [
          [1, 2, 3, 4, 5],
          [1, 2, 3],
        ],
        { pooling },
      ),
    ).rejects.toThrow("Example 2 has 3 tokens, so none at position 4");
    await expect(prepare({ pooling: { kind: "position", position: 6 } })).rejects.toThrow(TaskError);
    await expect(prepare({ pooling: { kind: "position", position: -1 } })).rejects.toThrow(TaskError);
  });

  test("features that are not finite", async () => {
    const graph = cloneGraph(model.graph);
    const values = new Float32Array(11 * 6).fill(0.5);
    values.fill(NaN, 3 * 6, 4 * 6);
    graph.initializers.set("words.weight", constant("words.weight", [11, 6], values));
    await expect(
      extract(
        [
          [1, 2],
          [1, 3],
        ],
        { model: { ...model, graph } },
      ),
    ).rejects.toThrow("Example 2 has features in the embeddings that are not finite");
  });

  test("a graph that does not show its layers", async () => {
    const unknown = { ...model, hiddenStates: model.hiddenStates.slice(0, 1) };
    await expect(prepare({ model: unknown })).rejects.toThrow(UnsupportedModelError);
  });

  test("more features than a projection can hold, and impossible numbers of dimensions", async () => {
    await expect(prepare({ dimensions: 512, longest: 100_000 })).rejects.toThrow("Use their mean");
    for (const dimensions of [0, 513, 1.5, NaN]) {
      await expect(prepare({ dimensions })).rejects.toThrow(RangeError);
    }
    await expect(prepare({ longest: 0 })).rejects.toThrow(RangeError);
  });
});

test("what is beyond a sentence's end leaves no trace, not even where it is no number", async () => {
  const graph = cloneGraph(model.graph);
  const table = graph.initializers.get("positions.weight")!;
  const values = new Float32Array(table.rawData.slice().buffer);
  values.fill(NaN, 4 * 6);
  graph.initializers.set("positions.weight", constant("positions.weight", [6, 6], values));
  // Attention would spread them; the embeddings are seen before.
  const hiddenStates = [null, 0].map((layer) => ({ ...model.hiddenStates[0]!, layer }));
  const fixed = { ...model, graph, hiddenStates, inputs: { ...model.inputs, fixedLength: 6 } };
  const list = [
    [1, 2, 3],
    [4, 5, 6, 7],
  ];
  for (const kind of ["concatenated", "mean"] as const) {
    const expected = (await extract(list, { pooling: { kind } })).layers[0]!.values;
    const found = await extract(list, { pooling: { kind }, model: fixed });
    expect(distance(found.layers[0]!.values, expected)).toBeLessThan(1e-5);
  }
});
