/** Damaged exports: each is evaluated or refused with a sentence, in no time, whatever byte is wrong. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseCorpus } from "../../shared/corpus/parse.ts";
import { PlateauError } from "../../shared/errors.ts";
import { explainFailure } from "../../shared/evaluate/explain-failure.ts";
import { canonicalise } from "../../shared/onnx/canonical/index.ts";
import { findParameters } from "../../shared/onnx/parameters.ts";
import { readModel } from "../../shared/onnx/read.ts";
import { bytesSource } from "../../shared/onnx/source.ts";
import { prepareSubject } from "../../shared/perturb/subject.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { damaged } from "../support/damaged.ts";

const folder = new URL("../exports/", import.meta.url);
const runtime = await createNodeRuntime({ threads: 1 });

const MUTANTS = 80;
const SLOWEST_MS = 5000;

/** What a user would see: null where the model can be evaluated, else the error. */
async function failureOf(bytes: Uint8Array, corpus: ReturnType<typeof parseCorpus>): Promise<unknown> {
  try {
    const original = await readModel({ ...bytesSource(bytes), contents: bytes });
    try {
      await findParameters(canonicalise(original));
      await prepareSubject(original, runtime, corpus);
      return null;
    } catch (error) {
      return await explainFailure(error, original, runtime, corpus);
    }
  } catch (error) {
    return error;
  }
}

describe.each([
  ["plain.dynamo18.onnx", "mlm"],
  // Branches; packed integers; both are decoders.
  ["gpt2-merged.dynamo18.onnx", "clm"],
  ["llama-int4-weights.onnxruntime21.onnx", "clm"],
] as const)("%s", (name, objective) => {
  const file = new Uint8Array(readFileSync(new URL(name, folder)));
  const corpus = parseCorpus(
    readFileSync(new URL(`${objective}.jsonl`, folder), "utf8")
      .split("\n")
      .slice(0, 3)
      .join("\n"),
    objective,
  );

  test(`${MUTANTS} damaged copies`, async () => {
    let [sound, refused] = [0, 0];
    for (let seed = 0; seed < MUTANTS; seed++) {
      const began = performance.now();
      const failure = await failureOf(damaged(file, seed), corpus);
      expect(performance.now() - began, `seed ${seed}`).toBeLessThan(SLOWEST_MS);
      if (failure === null) sound++;
      else {
        expect(failure, `seed ${seed}`).toBeInstanceOf(PlateauError);
        expect((failure as Error).message, `seed ${seed}`).not.toBe("");
        refused++;
      }
    }
    // Most bytes are weights, whose values nothing here depends on.
    expect(sound).toBeGreaterThan(MUTANTS / 8);
    expect(refused).toBeGreaterThan(MUTANTS / 8);
  });

  test("the undamaged file", async () => {
    expect(await failureOf(file, corpus)).toBeNull();
  });
});
