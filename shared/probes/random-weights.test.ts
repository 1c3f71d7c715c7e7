import { describe, expect, test } from "vitest";
import { EXPORTS, exportNamed, sentencesOf, subjectOf } from "../../test/support/exports.ts";
import { toyCorpus, toyModel } from "../../test/support/toy-models.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { cloneGraph, indexGraph } from "../onnx/graph.ts";
import { constant, readValues } from "../onnx/weights.ts";
import { prepareSubject, type Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";
import { FeatureExtractor } from "./features.ts";
import { randomiseWeights } from "./random-weights.ts";
import { momentsOf } from "./random-weights-moments.ts";
import type { ForwardModel, TokenIds } from "./sentences.ts";

const runtime = await createNodeRuntime({ threads: 1 });

async function random(subject: Subject, seed = 3): Promise<ForwardModel> {
  const { model, reason } = await randomiseWeights(subject, runtime, seed);
  expect(reason).toBeNull();
  return model!;
}

async function featuresOf(model: ForwardModel, sentences: readonly TokenIds[], on: Runtime = runtime) {
  const longest = Math.max(...sentences.map(({ length }) => length));
  const options = { model, runtime: on, dimensions: 16, seed: 1, longest };
  const extractor = await FeatureExtractor.prepare({ ...options, pooling: { kind: "concatenated" } });
  const { layers } = await extractor.extract(sentences);
  await extractor.dispose();
  return layers;
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

function moments(values: ArrayLike<number>) {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  const variance = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length;
  return { mean, deviation: Math.sqrt(variance) };
}

describe.each(EXPORTS)("$file", (exported) => {
  test("every parameter is random with its own moments, and the model runs", async () => {
    const subject = await subjectOf(exported, runtime);
    const before = [...subject.graph.initializers.values()];
    const model = await random(subject);
    expect([...subject.graph.initializers.values()]).toEqual(before);
    // The file may be large, and is not wanted any more.
    expect([...model.graph.sources.keys()].filter((location) => !location.startsWith("plateau:"))).toEqual(
      [],
    );
    expect(
      model.graph.nodes.filter(({ opType }) => /^(MatMulNBits|GatherBlock|DequantizeL)/.test(opType)),
    ).toEqual([]);
    const wanted = await momentsOf(subject.graph, subject.parameters, runtime);
    for (const { index, name, roots, count } of subject.parameters) {
      const { mean, deviation } = wanted.get(index)!;
      for (const root of roots) {
        const found = (await valuesAt(model, placeOf(subject, root.name, name)))!;
        expect(found.length).toBe(count);
        const got = moments(found);
        expect(Math.abs(got.mean - mean), name).toBeLessThan((5 * deviation) / Math.sqrt(count) + 1e-6);
        if (count >= 64)
          expect(Math.abs(got.deviation / deviation - 1), name).toBeLessThan(5 / Math.sqrt(2 * count));
        if (deviation > 0 && found.length === 1) expect(found[0]).not.toBe(mean);
      }
    }
    const sentences = sentencesOf(exported).slice(0, 4);
    const [trained, baseline] = [await featuresOf(subject, sentences), await featuresOf(model, sentences)];
    baseline.forEach(({ values }, i) => expect(distance(values, trained[i]!.values)).toBeGreaterThan(0.01));
  });
});

/** Name of the constant that holds the random values: quantised weights become constants at what reads them. */
function placeOf({ graph }: Subject, root: string, parameter: string): string {
  const { node } = indexGraph(graph).consumers(root)[0]!;
  if (node.opType === "DequantizeLinear") return node.output[0]!;
  return /^(MatMulNBits|GatherBlockQuantized)$/.test(node.opType) ? `${node.output[0]}/${parameter}` : root;
}

/** The constant under this name, or behind the cast to it. */
async function valuesAt({ graph }: ForwardModel, name: string) {
  const tensor = graph.initializers.get(name) ?? graph.initializers.get(`${name}/random`);
  return tensor && /^plateau:/.test(tensor.externalData[0]?.value ?? "")
    ? readValues(tensor, graph.sources)
    : null;
}

test("the same seed gives the same model, another seed another, on any runtime", async () => {
  const corpus = toyCorpus("mlm", 6);
  const subject = await prepareSubject(toyModel("mlm").graph, runtime, corpus);
  const sentences = corpus.examples.map(({ inputIds }) => inputIds);
  const one = await featuresOf(await random(subject, 3), sentences);
  const again = await featuresOf(await random(subject, 3), sentences);
  const other = await featuresOf(await random(subject, 4), sentences);
  const wasm = await featuresOf(await random(subject, 3), sentences, await startNodeWasmRuntime());
  one.forEach(({ values }, i) => {
    expect(again[i]!.values).toEqual(values);
    expect(distance(values, other[i]!.values)).toBeGreaterThan(0.1);
    expect(distance(values, wasm[i]!.values)).toBeLessThan(1e-4);
  });
});

test("tied copies stay tied", async () => {
  const subject = await subjectOf(exportNamed("bert.torchscript17.onnx"), runtime);
  const { roots, dims } = subject.parameters.find((parameter) => parameter.roots.length > 1)!;
  const model = await random(subject);
  const [a, b] = (await Promise.all(roots.map(({ name }) => valuesAt(model, name)))) as [
    Float32Array,
    Float32Array,
  ];
  expect(roots.map(({ transposed }) => transposed)).toEqual([false, true]);
  const [rows, columns] = dims as [number, number];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) expect(b[c * rows + r]).toBe(a[r * columns + c]);
  }
});

describe("moments of quantised weights", () => {
  test("int8 with a scale for each column", async () => {
    const { graph, parameters } = await subjectOf(exportNamed("plain-int8-weights.script18.onnx"), runtime);
    const found = await momentsOf(graph, parameters, runtime);
    let checked = 0;
    for (const { index, roots } of parameters) {
      const root = roots[0]!.name;
      const reader = indexGraph(graph).consumers(root)[0]!.node;
      if (reader.opType !== "DequantizeLinear") continue;
      const read = (name: string) => readValues(graph.initializers.get(name)!, graph.sources);
      const [codes, scales, zeros] = [
        await read(root),
        await read(reader.input[1]!),
        await read(reader.input[2]!),
      ];
      const [rows, columns] = graph.initializers.get(root)!.dims.map(Number) as [number, number];
      const axis = Number(reader.attribute.find(({ name }) => name === "axis")!.i);
      const values = Array.from({ length: rows * columns }, (_, i) => {
        const at = axis === 0 ? Math.floor(i / columns) : i % columns;
        return (codes[i]! - zeros[at]!) * scales[at]!;
      });
      const { mean, deviation } = moments(values);
      expect(found.get(index)!.mean).toBeCloseTo(mean, 6);
      expect(found.get(index)!.deviation).toBeCloseTo(deviation, 6);
      checked++;
    }
    expect(checked).toBeGreaterThan(10);
  });

  test("int4 in blocks", async () => {
    const { graph, parameters } = await subjectOf(
      exportNamed("llama-int4-weights.onnxruntime21.onnx"),
      runtime,
    );
    const found = await momentsOf(graph, parameters, runtime);
    let checked = 0;
    for (const { index, roots, dims } of parameters) {
      const root = roots[0]!.name;
      const reader = indexGraph(graph).consumers(root)[0]!.node;
      if (reader.opType !== "MatMulNBits") continue;
      const read = (name: string) => readValues(graph.initializers.get(name)!, graph.sources);
      const [bytes, scales, zeros] = [
        await read(root),
        await read(reader.input[2]!),
        await read(reader.input[3]!),
      ];
      const [rows, columns] = dims as [number, number];
      const blocks = Math.ceil(columns / 16);
      const nibble = (list: ArrayLike<number>, at: number) => (list[at >> 1]! >> (4 * (at & 1))) & 15;
      const values = Array.from({ length: rows * columns }, (_, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const block = Math.floor(column / 16);
        const zero = nibble(zeros, row * 2 * Math.ceil(blocks / 2) + block);
        const code = nibble(bytes, (row * blocks + block) * 16 + (column % 16));
        return (code - zero) * scales[row * blocks + block]!;
      });
      const { mean, deviation } = moments(values);
      expect(found.get(index)!.mean).toBeCloseTo(mean, 6);
      expect(found.get(index)!.deviation).toBeCloseTo(deviation, 6);
      checked++;
    }
    expect(checked).toBe(15);
  });
});

test("weights that are no numbers are a reason, not a model", async () => {
  const corpus = toyCorpus("mlm", 4);
  const subject = await prepareSubject(toyModel("mlm").graph, runtime, corpus);
  const graph = cloneGraph(subject.graph);
  graph.initializers.set("norm.weight", constant("norm.weight", [6], new Float32Array(6).fill(NaN)));
  const { model, reason } = await randomiseWeights({ ...subject, graph }, runtime, 1);
  expect(model).toBeNull();
  expect(reason).toContain("'norm.weight'");
});
