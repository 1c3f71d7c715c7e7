/** Estimates against the heap that WebAssembly grew to, and what they say of a model of 20 MB. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runInShards } from "../../test/support/run-in-shards.ts";
import { smallSuite } from "../../test/support/small-suite.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { readSuite } from "../../worker/local/suite-source.ts";
import { readModel } from "../onnx/read.ts";
import { bytesSource } from "../onnx/source.ts";
import {
  estimateBytes,
  estimateModelBytes,
  largestBatch,
  modelSize,
  type MemoryEstimate,
  type ModelSize,
} from "./estimate-bytes.ts";

const MEBIBYTE = 2 ** 20;
const MODEL = new URL("../../models/zoo/pcfg-mini/adamw-d96-s1-step-4000.onnx", import.meta.url);
const bytes = new Uint8Array(readFileSync(MODEL));
const openModel = () => readModel({ ...bytesSource(bytes), contents: bytes });

test("the heap grows to about what was estimated", async () => {
  const runtime = await startNodeWasmRuntime({ maxHeapBytes: 512 * MEBIBYTE });
  const suite = smallSuite();
  const size = modelSize(await openModel(), bytes.byteLength);
  expect(size).toMatchObject({ bytes: bytes.byteLength, widest: 384, vocabulary: 14 });
  expect(Math.abs(size.weightBytes / bytes.byteLength - 1)).toBeLessThan(0.05);
  for (const batch of [8, 60]) {
    const options = { seed: 1, batch };
    await runInShards(suite, options, runtime, openModel, { times: 1 });
    const { heapBytes } = estimateModelBytes(size, suite, options);
    expect(runtime.heapBytes(), `batches of ${batch}`).toBeLessThan(1.25 * heapBytes);
    expect(runtime.heapBytes(), `batches of ${batch}`).toBeGreaterThan(0.6 * heapBytes);
  }
});

test("20 MB of weights fit into 120 MiB in batches of eight, twice as much does not", async () => {
  const { suite } = await readSuite("pcfg");
  const size = { bytes: 20e6, weightBytes: 20e6, widest: 1024, vocabulary: 202 };
  const total = ({ heapBytes, javascriptBytes }: MemoryEstimate) => (heapBytes + javascriptBytes) / MEBIBYTE;
  const options = { batch: 8 };
  expect(total(estimateModelBytes(size, suite, options))).toBeLessThan(120);
  expect(total(estimateModelBytes(size, suite, { ...options, batch: 64 }))).toBeGreaterThan(120);
  const twice = { ...size, bytes: 40e6, weightBytes: 40e6 };
  expect(total(estimateModelBytes(twice, suite, options))).toBeGreaterThan(120);
});

test("batches are as large as there is room for, whatever makes passes large", async () => {
  const limits = { heapBytes: 96 * MEBIBYTE, bytes: 106 * MEBIBYTE };
  const small = { bytes: 3e6, weightBytes: 3e6, widest: 384, vocabulary: 2048 };
  const batch = async (name: string, size: ModelSize) =>
    largestBatch(size, (await readSuite(name)).suite, limits);
  expect(await batch("pcfg-mini", small)).toBe(32);
  // Sentences of 64 tokens, all of them labelled, of 2048 words.
  expect(await batch("text", small)).toBe(8);
  expect(await batch("pcfg-mini", { ...small, bytes: 18e6, weightBytes: 18e6, widest: 1024 })).toBe(16);
  expect(await batch("pcfg-mini", { ...small, bytes: 60e6, weightBytes: 60e6, widest: 2048 })).toBeNull();
});

test("words alone may take more than a model does", async () => {
  const size = modelSize(await openModel(), bytes.byteLength);
  const words = async (name: string) => {
    const { suite } = await readSuite(name);
    const part = { features: { source: "one-hot" }, extent: "scores", fits: null } as const;
    const { javascriptBytes } = estimateBytes({ kind: "fit", task: 0, parts: [part] }, size, suite, {
      batch: 8,
    });
    return javascriptBytes / MEBIBYTE;
  };
  expect(await words("pcfg-mini")).toBeLessThan(40);
  expect(await words("pcfg")).toBeGreaterThan(300);
});
