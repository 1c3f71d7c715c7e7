import { describe, expect, test } from "vitest";
import { EXPORTS, exportNamed, sentencesOf, subjectOf } from "../../test/support/exports.ts";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { exampleOf } from "../probes/sentences.ts";
import { prepareSubject, type Subject } from "../perturb/subject.ts";
import type { Tensor } from "../runtime.ts";
import { cloneGraph, makeNode, pruneAndSort } from "./graph.ts";
import { findHiddenStates } from "./hidden-states.ts";
import { inputFeeds } from "./inputs.ts";
import { DataType } from "./weights.ts";
import { writeModel } from "./write.ts";

const runtime = await createNodeRuntime({ threads: 1 });

async function run(
  subject: Subject,
  outputs: string[],
  ids: number[],
  injected?: { value: string; tensor: Tensor },
) {
  const graph = cloneGraph(subject.graph);
  graph.outputs = outputs;
  if (injected) {
    const { value, tensor } = injected;
    graph.nodes = graph.nodes.filter(({ output }) => !output.includes(value));
    graph.inputs.push({ name: value, elementType: DataType.FLOAT, dims: tensor.dims.map(() => null) });
  }
  pruneAndSort(graph);
  const session = await runtime.createSession(writeModel(graph), { throwaway: true });
  try {
    const feeds = inputFeeds(graph, subject.inputs, [exampleOf(ids)], ids.length);
    return await session.run({ ...feeds, ...(injected && { [injected.value]: injected.tensor }) });
  } finally {
    await session.dispose();
  }
}

// Half-precision tensors cannot be fed.
describe.each(EXPORTS.filter(({ file }) => !file.includes("fp16")))("$file", (exported) => {
  test("everything passes through every hidden state", async () => {
    const subject = await subjectOf(exported, runtime);
    expect(subject.hiddenStates.map(({ layer }) => layer)).toEqual([null, 0, 1]);
    const [ids] = sentencesOf(exported) as [number[]];
    const others = ids.map((id) => (id + 11) % subject.vocabulary);
    const values = subject.hiddenStates.map(({ value }) => value);
    const found = await run(subject, [subject.logits, ...values], ids);
    const logits = found[subject.logits]!.data as Float32Array;
    const elsewhere = (await run(subject, [subject.logits], others))[subject.logits]!.data as Float32Array;
    expect(distance(elsewhere, logits)).toBeGreaterThan(0.1);
    for (const value of values) {
      // The ids of another sentence, but the hidden state of this one: the logits must be this one's.
      const injected = await run(subject, [subject.logits], others, { value, tensor: found[value]! });
      expect(distance(injected[subject.logits]!.data as Float32Array, logits), value).toBeLessThan(1e-4);
    }
  });
});

function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

test.each([
  ["pre-norm: the residual sum", "plain.torchscript17.onnx", "/layers.1/Add_2_output_0"],
  ["post-norm: the norm, not the final one after it", "torch-sequence-first.dynamo18.onnx", "layer_norm_3"],
  ["packed weights without a name", "llama-fused.transformers20.onnx", "add_15"],
  ["one layer's weights used twice", "albert.torchscript14.onnx", "full_layer_layer_norm_1/Add_1_output_0"],
  ["a parallel residual", "gpt-neox.torchscript17.onnx", "/model/gpt_neox/layers.1/Add_1_output_0"],
])("the last layer's output: %s", async (_, file, value) => {
  const { hiddenStates } = await subjectOf(exportNamed(file), runtime);
  expect(hiddenStates.at(-1)!.value.endsWith(value)).toBe(true);
});

test("embeddings include positions and norms", async () => {
  const plain = await subjectOf(exportNamed("plain.torchscript17.onnx"), runtime);
  expect(plain.hiddenStates[0]!.value).toBe("/Add_output_0");
  const bert = await subjectOf(exportNamed("bert.dynamo18.onnx"), runtime);
  expect(bert.hiddenStates[0]!.value).toBe("layer_norm");
});

test("without numbered layers only the embeddings are found", async () => {
  const { graph, logits, parameters } = await prepareSubject(
    toyModel("mlm").graph,
    runtime,
    toyCorpus("mlm", 4),
  );
  const unnumbered = parameters.map((parameter) => ({ ...parameter, layer: null }));
  expect(findHiddenStates(graph, logits, unnumbered).map(({ layer }) => layer)).toEqual([null]);
});

test("without token embeddings nothing is found", async () => {
  const { graph, logits, parameters } = await prepareSubject(
    toyModel("mlm").graph,
    runtime,
    toyCorpus("mlm", 4),
  );
  const others = parameters.filter(({ kind }) => kind !== "embedding");
  expect(findHiddenStates(graph, logits, others)).toEqual([]);
});

test("a value that a residual goes around is no hidden state", async () => {
  const { graph, logits, parameters, hiddenStates } = await prepareSubject(
    toyModel("mlm").graph,
    runtime,
    toyCorpus("mlm", 4),
  );
  const [embeddings, output] = hiddenStates.map(({ value }) => value) as [string, string];
  const bypassed = cloneGraph(graph);
  const readers = bypassed.nodes.filter(({ input }) => input.includes(output));
  for (const node of readers) node.input = node.input.map((name) => (name === output ? "around" : name));
  bypassed.nodes.push(makeNode("Add", [output, embeddings], ["around"]));
  pruneAndSort(bypassed);
  expect(findHiddenStates(bypassed, logits, parameters).map(({ value }) => value)).toEqual([
    embeddings,
    "around",
  ]);
});
