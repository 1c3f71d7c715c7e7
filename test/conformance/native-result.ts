/** Runs before the workerd tests: what a machine of one's own gives for a checkpoint of the zoo, with native kernels. */
import { readFileSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { readModel } from "../../shared/onnx/read.ts";
import { bytesSource } from "../../shared/onnx/source.ts";
import { finish } from "../../shared/shards/finish.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { runInShards } from "../support/run-in-shards.ts";
import { smallSuite } from "../support/small-suite.ts";
import type {} from "./provided.d.ts";

/** Of pcfg-mini's zoo, as workerd evaluates it too. */
const MODEL = "adamw-d32-s1-step-9000";
/** What the edge chooses; another would be another estimate. */
const EPSILON = 2 ** -9;

const NOTHING = { file: "", sha256: "0".repeat(64), bytes: 1 };

export async function setup(project: TestProject): Promise<void> {
  const file = readFileSync(new URL(`../../models/zoo/pcfg-mini/${MODEL}.onnx`, import.meta.url));
  const runtime = await createNodeRuntime({ threads: 1 });
  const suite = smallSuite();
  const options = { seed: suite.definition.seed, batch: 16, epsilon: { "rank-one": EPSILON } };
  const openModel = () => readModel({ ...bytesSource(file), contents: file });
  const { payloads } = await runInShards(suite, options, runtime, openModel, { times: 1 });
  const result = finish(suite, options, payloads, {
    ...{ model: NOTHING, card: null, corpusIdentity: NOTHING, threads: 1, seconds: 0 },
    runtime: { device: runtime.device, ort: runtime.version },
    versions: { plateau: "", node: process.versions.node },
  });
  project.provide("nativeResult", result);
}
