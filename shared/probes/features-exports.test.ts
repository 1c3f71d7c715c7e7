/** Features of every export, against hidden states taken out whole and pooled and projected in double precision. */
import { describe, expect, test } from "vitest";
import { EXPORTS, exportNamed, sentencesOf, subjectOf } from "../../test/support/exports.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { Builder } from "../onnx/build.ts";
import { cloneGraph, pruneAndSort } from "../onnx/graph.ts";
import { inputFeeds } from "../onnx/inputs.ts";
import { DataType } from "../onnx/weights.ts";
import { writeModel } from "../onnx/write.ts";
import type { Pooling } from "../suites/task.ts";
import { FeatureExtractor } from "./features.ts";
import { projectionMatrix } from "./projection.ts";
import { exampleOf, type ForwardModel, type TokenIds } from "./sentences.ts";

const runtime = await createNodeRuntime({ threads: 1 });
const DIMENSIONS = 24;
const SEED = 5;
const POOLINGS: readonly Pooling[] = [
  { kind: "concatenated" },
  { kind: "mean" },
  { kind: "position", position: 2 },
];

/** [state][sentence]: the hidden state of each sentence run alone, one row a position. */
async function statesOf(model: ForwardModel, sentences: readonly TokenIds[]): Promise<Float64Array[][][]> {
  const graph = cloneGraph(model.graph);
  const builder = new Builder(graph, "states:");
  graph.outputs = model.hiddenStates.map(({ value }) => builder.cast(value, DataType.FLOAT));
  graph.nodes.push(...builder.nodes);
  pruneAndSort(graph);
  const session = await runtime.createSession(writeModel(graph));
  const states: Float64Array[][][] = graph.outputs.map(() => []);
  for (const ids of sentences) {
    const outputs = await session.run(inputFeeds(graph, model.inputs, [exampleOf(ids)], ids.length));
    graph.outputs.forEach((output, state) => {
      const data = Float64Array.from(outputs[output]!.data as Float32Array);
      const width = data.length / ids.length;
      states[state]!.push(ids.map((_, t) => data.slice(t * width, (t + 1) * width)));
    });
  }
  await session.dispose();
  return states;
}

function pooled(rows: readonly Float64Array[], pooling: Pooling): readonly Float64Array[] {
  if (pooling.kind === "concatenated") return rows;
  if (pooling.kind === "position") return [rows[pooling.position]!];
  return [rows[0]!.map((_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length)];
}

function projected(rows: readonly Float64Array[]): Float64Array {
  const width = rows[0]!.length;
  const matrix = projectionMatrix({ seed: SEED, positions: rows.length, width, dimensions: DIMENSIONS });
  const features = new Float64Array(DIMENSIONS);
  rows.forEach((row, t) =>
    row.forEach((x, j) => {
      for (let k = 0; k < DIMENSIONS; k++) features[k]! += x * matrix[(t * width + j) * DIMENSIONS + k]!;
    }),
  );
  return features;
}

async function featuresOf(model: ForwardModel, sentences: readonly TokenIds[], pooling: Pooling) {
  const longest = Math.max(...sentences.map(({ length }) => length));
  const options = { model, runtime, pooling, dimensions: DIMENSIONS, seed: SEED, longest, batch: 7 };
  const extractor = await FeatureExtractor.prepare(options);
  const features = await extractor.extract(sentences);
  await extractor.dispose();
  return features;
}

describe.each(EXPORTS)("$file", (exported) => {
  test("features of all layers", async () => {
    const model = await subjectOf(exported, runtime);
    const sentences = sentencesOf(exported);
    if (exported.onlySequence === null) {
      expect(new Set(sentences.map(({ length }) => length)).size).toBeGreaterThan(1);
    }
    const states = await statesOf(model, sentences);
    const tolerance = exported.file.includes("fp16") ? 2e-2 : 2e-5;
    for (const pooling of POOLINGS) {
      const { layers } = await featuresOf(model, sentences, pooling);
      expect(layers.map(({ layer }) => layer)).toEqual([null, 0, 1]);
      layers.forEach(({ values }, state) => {
        sentences.forEach((_, i) => {
          const expected = projected(pooled(states[state]![i]!, pooling));
          const size = Math.hypot(...expected);
          expected.forEach((value, k) => {
            const error = Math.abs(values[i * DIMENSIONS + k]! - value);
            if (!(error <= tolerance * size)) {
              expect.fail(`${pooling.kind}, state ${state}, sentence ${i}: off by ${error} of ${size}`);
            }
          });
        });
      });
    }
  });
});

test.each([
  [
    "plain.torchscript11.onnx",
    "plain.torchscript14.onnx",
    "plain.torchscript17.onnx",
    "plain.dynamo18.onnx",
    "plain-batch-1.dynamo18.onnx",
  ],
  ["bert.torchscript17.onnx", "bert.dynamo18.onnx"],
  ["bert-fused.onnxruntime17.onnx", "bert-fused.transformers20.onnx"],
  ["gpt2.torchscript17.onnx", "gpt2.dynamo18.onnx"],
  ["gpt2-past.dynamo18.onnx", "gpt2-merged.dynamo18.onnx"],
  ["gpt2-fused.onnxruntime17.onnx", "gpt2-fused.transformers20.onnx"],
  ["llama.torchscript17.onnx", "llama.dynamo18.onnx"],
])("exports of one model have the same features: %s …", async (...files) => {
  const exports = files.filter((file) => typeof file === "string").map(exportNamed);
  const all = await Promise.all(
    exports.map(async (exported) =>
      featuresOf(await subjectOf(exported, runtime), sentencesOf(exported), { kind: "concatenated" }),
    ),
  );
  for (const { layers } of all) {
    layers.forEach(({ values }, state) => {
      const expected = all[0]!.layers[state]!.values;
      const off = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      expect(off).toBeLessThan(1e-4);
    });
  }
});
