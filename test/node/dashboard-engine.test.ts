/** What browsers run, run here: the same numbers as the command line gives, and the same refusals. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Job } from "../../dashboard/src/engine/messages.ts";
import type { Engine } from "../../dashboard/src/engine/engine.ts";
import { evaluateFile } from "../../dashboard/src/engine/evaluate-file.ts";
import { contentsOf, costOf, movementOf } from "../../dashboard/src/engine/inspection.ts";
import { lentNotice } from "../../dashboard/src/engine/lent-notice.ts";
import { hashFile, loadGraph, readGraph } from "../../dashboard/src/engine/read-model-file.ts";
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { ModelFormatError } from "../../shared/onnx/error.ts";
import { resultSchema } from "../../shared/evaluate/result-schema.ts";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import { Sha256 } from "../../shared/sha256.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { toySuite } from "../support/toy-suite.ts";

const exported = (name: string) =>
  new File([readFileSync(new URL(`../exports/${name}.onnx`, import.meta.url))], `${name}.onnx`);
const hooks = {
  onProgress: () => {},
  now: () => performance.now() / 1000,
  versions: { plateau: "0", node: "test" },
};

/** Without the task that names tokens nobody knows. */
function readable(): Suite {
  const suite = toySuite("mlm", { examples: 40 });
  return { ...suite, tasks: suite.tasks.filter(({ id }) => id !== "Unknown") };
}

function suiteMaterial(suite = readable()) {
  const text = formatSuite(suite);
  const hash = new Sha256();
  hash.update(new TextEncoder().encode(text));
  return { kind: "suite" as const, id: suite.definition.id, sha256: hash.digest(), text };
}

const job = (change: Partial<Job> = {}): Job => ({
  model: exported("plain.torchscript17"),
  card: { name: "toy" },
  material: suiteMaterial(),
  device: "wasm",
  threads: 1,
  batch: 8,
  perLayer: false,
  ...change,
});

const engine: Engine = { threads: 1, on: () => wasm };
const wasm = await startNodeWasmRuntime();
const cpu = await createNodeRuntime({ threads: 1 });

test("a file with a suite: the numbers of the command line", async () => {
  const suite = readable();
  const progress: number[] = [];
  const { result, agreement } = await evaluateFile(job({ material: suiteMaterial(suite) }), engine, {
    ...hooks,
    onProgress: ({ fraction }) => progress.push(fraction),
  });
  expect(agreement).toBeNull();
  expect(resultSchema.safeParse(result).success).toBe(true);
  expect(progress.at(-1)).toBeGreaterThan(0.5);
  const { measures } = await evaluate(await loadGraph(exported("plain.torchscript17")), cpu, suite.corpus, {
    measures: suite.definition.measures,
    directions: 2,
    seed: 3,
    batch: 8,
    epsilon: result!.receipt.epsilon,
  });
  for (const [id, allowed] of [
    ["loss", 1e-5],
    ["fisher-trace", 1e-4],
    ["hessian-trace", 3e-3],
  ] as const) {
    const [here, there] = [result!.measures[id]!.value!, measures[id]!.value!];
    expect(Math.abs(here / there - 1), id).toBeLessThan(allowed);
  }
  expect(Object.keys(result!.probes!)).toEqual(["second", "long", "mean"]);
  expect(result!.receipt).toMatchObject({
    device: "wasm",
    threads: 1,
    model: { file: "plain.torchscript17.onnx" },
  });
});

test("a corpus of the visitor's own, split by layer", async () => {
  const lines = readFileSync(new URL("../exports/mlm.jsonl", import.meta.url));
  const corpus = new File([lines], "mine.jsonl");
  const material = {
    kind: "corpus" as const,
    file: corpus,
    objective: "mlm" as const,
    measures: ["adaptive-fisher-trace"],
    directions: 1,
    seed: 1,
  };
  const model = exported("bert.torchscript17");
  const { result } = await evaluateFile(job({ model, material, perLayer: true }), engine, hooks);
  expect(result).toMatchObject({ suite: null, receipt: { corpus: { file: "mine.jsonl" }, perLayer: true } });
  expect(Object.keys(result!.measures)).toEqual(["loss", "adaptive-fisher-trace"]);
  const fisher = result!.measures["adaptive-fisher-trace"]!;
  expect("perTensor" in fisher && fisher.perTensor!.length).toBeGreaterThan(10);
});

test("a device is used where it agrees with the processor, and refused with the difference where it does not", async () => {
  const good = await evaluateFile(
    job({ device: "webgpu" }),
    { threads: 1, on: (device) => (device === "wasm" ? cpu : wasm) },
    hooks,
  );
  expect(good.agreement).toMatchObject({ agrees: true, examples: 32 });
  expect(good.result).not.toBeNull();
  // One that adds a little to every number that leaves it.
  const wrong: typeof wasm = {
    ...wasm,
    async createSession(model, options) {
      const session = await wasm.createSession(model, options);
      return {
        ...session,
        async run(feeds) {
          const outputs = await session.run(feeds);
          for (const { data } of Object.values(outputs)) {
            if (data instanceof Float32Array) data.forEach((value, i) => (data[i] = value * 1.003));
          }
          return outputs;
        },
      };
    },
  };
  const bad = await evaluateFile(
    job({ device: "webgpu" }),
    { threads: 1, on: (device) => (device === "wasm" ? cpu : wrong) },
    hooks,
  );
  expect(bad.result).toBeNull();
  expect(bad.agreement).toMatchObject({ agrees: false, measures: [] });
  expect(bad.agreement!.failure).toMatch(/differs from the original's by \S+ nats/);
});

test("a suite that is not the one the board has, and models that are none, are refused in words", async () => {
  const material = { ...suiteMaterial(), sha256: "0".repeat(64) };
  await expect(evaluateFile(job({ material }), engine, hooks)).rejects.toThrow("load the page again");
  const noise = new File(["this is no model"], "a.onnx");
  await expect(readGraph(noise)).rejects.toThrow(ModelFormatError);
  await expect(readGraph(new File([], "b.onnx"))).rejects.toThrow("The file is empty");
});

test("what a look at a model tells", async () => {
  const file = exported("bert.torchscript17");
  const graph = await readGraph(file);
  const contents = await contentsOf(graph);
  const movement = await movementOf(await loadGraph(file), wasm);
  const sum = contents.kinds.reduce((total, { parameters }) => total + parameters, 0);
  expect(contents.parameters).toBe(sum);
  expect(contents.layers).toBe(2);
  const others = [...movement.together, ...movement.left];
  expect(
    movement.apart + movement.exact + others.reduce((total, { parameters }) => total + parameters, 0),
  ).toBe(sum);
  expect(movement.vocabulary).toBe(contents.vocabulary);
  const cost = costOf(graph, contents, movement.vocabulary, toySuite("mlm", { examples: 40 }));
  expect(cost.rows).toBeGreaterThan(40 * 5);
  expect(cost.refusal).toBeNull();
  const small = costOf(graph, contents, 3, toySuite("mlm", { examples: 40 }));
  expect(small.refusal).toContain("The model knows 3 tokens");
  expect(await hashFile(file)).toMatch(/^[0-9a-f]{64}$/);
  expect(lentNotice(1e6)).toBeNull();
  expect(lentNotice(3e7)).toContain("30 MB");
});
