/**
 * What runtimes differ by is what `roundingError` says: WebAssembly and the native runtime round differently, and with
 * the same ε and directions nothing else is different. Few examples, where rounding averages out least.
 */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { evaluate, type EvaluateOptions } from "../../shared/evaluate/evaluate.ts";
import type { MeasureResult } from "../../shared/evaluate/result.ts";
import { readModel } from "../../shared/onnx/read.ts";
import { bytesSource } from "../../shared/onnx/source.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { smallSuite } from "../support/small-suite.ts";

let runtimes: readonly Runtime[];
beforeAll(async () => {
  runtimes = [await createNodeRuntime({ threads: 1 }), await startNodeWasmRuntime()];
});

const { corpus } = smallSuite();

async function onBoth(options: Partial<EvaluateOptions>): Promise<Record<string, MeasureResult>[]> {
  const bytes = readFileSync(
    new URL("../../models/zoo/pcfg-mini/adamw-d32-s2-step-12000.onnx", import.meta.url),
  );
  const results = [];
  for (const runtime of runtimes) {
    const graph = await readModel({ ...bytesSource(bytes), contents: bytes });
    const { measures } = await evaluate(graph, runtime, corpus, {
      directions: 2,
      seed: 1,
      batch: 8,
      ...options,
    } as EvaluateOptions);
    results.push(measures as Record<string, MeasureResult>);
  }
  return results;
}

test.each([
  ["traces that share a step", { measures: ["fisher-trace", "hessian-trace"] }],
  ["a Fisher trace at its own, far smaller step", { measures: ["fisher-trace"] }],
  ["an adaptive Fisher trace", { measures: ["adaptive-fisher-trace"] }],
  ["an empirical Fisher trace", { measures: ["empirical-fisher-trace"] }],
] as const)("%s", async (_, options) => {
  const [native, wasm] = await onBoth({ ...options, measures: [...options.measures] });
  for (const [id, here] of Object.entries(native!)) {
    const there = wasm![id]!;
    if (here.roundingError === undefined) continue;
    expect(here.epsilon, id).toBe(there.epsilon);
    const rounding = Math.hypot(here.roundingError, there.roundingError!);
    const difference = Math.abs(here.value - there.value);
    expect(difference / rounding, id).toBeLessThan(4);
    // Not a claim so wide that it says nothing.
    expect(rounding, id).toBeLessThan(0.01 * here.value);
  }
});

test("splitting traces by tensor leaves them as they are, and the parts add up to them", async () => {
  const measures = ["fisher-trace", "hessian-trace", "empirical-fisher-trace"];
  const [[plain], [split]] = [await onBoth({ measures }), await onBoth({ measures, perLayer: true })];
  for (const id of measures) {
    const { perTensor, ...whole } = split![id]!;
    expect(whole).toEqual(plain![id]);
    const sum = perTensor!.reduce((total, { value }) => total + value, 0);
    expect(sum).toBeCloseTo(whole.value, 8);
  }
});
