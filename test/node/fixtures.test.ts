/** Every exporter fixture: all parameters found, each moved on its own like the model with moved weights. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseCorpus } from "../../shared/corpus/parse.ts";
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { readModel } from "../../shared/onnx/read.ts";
import { bytesSource } from "../../shared/onnx/source.ts";
import type { Family } from "../../shared/perturb/families/family.ts";
import { rankOne } from "../../shared/perturb/families/rank-one.ts";
import { scaled } from "../../shared/perturb/families/scaled.ts";
import { Passes } from "../../shared/perturb/passes.ts";
import { selfCheck } from "../../shared/perturb/self-check.ts";
import { prepareSubject, type Subject } from "../../shared/perturb/subject.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";

interface Fixture {
  readonly file: string;
  readonly objective: "mlm" | "clm";
  readonly parameters: number;
  readonly loss: number | null;
  readonly onlyBatch: number | null;
  readonly onlySequence: number | null;
}

const folder = new URL("../exports/", import.meta.url);
const fixtures = JSON.parse(readFileSync(new URL("index.json", folder), "utf8")) as Fixture[];
const runtime = await createNodeRuntime({ threads: 1 });

/** What quantising each copy of a tied table on its own makes of the number of parameters. */
const UNTIED_BY_QUANTISATION: Readonly<Record<string, number>> = {
  "bert-dynamic-int8.onnxruntime18.onnx": 40 * 16,
};

function corpusFor({ objective, onlySequence }: Fixture) {
  const corpus = parseCorpus(readFileSync(new URL(`${objective}.jsonl`, folder), "utf8"), objective);
  const fits = corpus.examples.filter(
    ({ inputIds }) => onlySequence === null || inputIds.length === onlySequence,
  );
  return { ...corpus, examples: fits };
}

describe.each(fixtures)("$file", (fixture) => {
  const corpus = corpusFor(fixture);
  const prepared = (async () => {
    const bytes = readFileSync(new URL(fixture.file, folder));
    const original = await readModel({ ...bytesSource(bytes), contents: bytes });
    return { original, subject: await prepareSubject(original, runtime, corpus) };
  })();

  test("finds every trainable parameter, and moves it example by example", async () => {
    const { subject } = await prepared;
    const found = subject.parameters.reduce((sum, { count }) => sum + count, 0);
    expect(found).toBe(fixture.parameters + (UNTIED_BY_QUANTISATION[fixture.file] ?? 0));
    expect(subject.oneByOne).toBe(fixture.onlyBatch === 1);
    if (subject.oneByOne) return;
    const passes = passesOf(subject, rankOne);
    const left = subject.parameters.filter(({ index }) => passes.participation[index]!.mode !== "example");
    expect(left.map(({ name }) => name)).toEqual([]);
  });

  test("takes the trace of an output head of its own exactly", async () => {
    const { subject } = await prepared;
    const passes = new Passes({ ...common(subject, rankOne), exact: ["curvature"] });
    const found = subject.parameters.filter(({ index }) => passes.participation[index]!.mode === "exact");
    const heads = subject.parameters.filter(({ dims, uses }) => dims.at(-1) === 40 && uses.length === 1);
    const quantised = /int8|int4/.test(fixture.file) ? heads.filter(({ dims }) => dims.length === 2) : [];
    const expected = subject.oneByOne ? [] : heads.filter((parameter) => !quantised.includes(parameter));
    expect(found.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
  });

  test.runIf(fixture.loss !== null)("has the loss that it had in PyTorch", async () => {
    const { original } = await prepared;
    const options = { measures: ["loss"], directions: 1, seed: 1, batch: 16 };
    const { measures } = await evaluate(original, runtime, corpus, options);
    expect(Math.abs(measures["loss"]!.value! - fixture.loss!)).toBeLessThan(1e-4);
  });

  test("finds the embeddings and the output of each layer", async () => {
    const { hiddenStates } = (await prepared).subject;
    expect(hiddenStates.map(({ layer }) => layer)).toEqual([null, 0, 1]);
  });

  test.each([rankOne, scaled])("self-check along $id directions", async (family) => {
    const { original, subject } = await prepared;
    const exact = ["curvature", "empirical"] as const;
    const check = await selfCheck({ ...common(subject, family), exact, original });
    expect(check.change).toBeGreaterThan(0.02);
  });

  test.each([rankOne, scaled])("each parameter alone, along $id directions", async (family) => {
    const { subject } = await prepared;
    const passes = passesOf(subject, family);
    const materialised = new Passes({
      ...common(subject, family),
      subject: { ...subject, layouts: new Map([[subject.logits, subject.layouts.get(subject.logits)!]]) },
      materialise: passes.participation,
    });
    // A large step: the algebra is exact at any ε, and a missing or misplaced term shows.
    const epsilon = family === rankOne ? 0.25 : 0.5;
    const half = fixture.file.includes("fp16");
    for (const { index, name } of subject.parameters) {
      for (const example of [0, 1]) {
        const pairs = [0, 1].map((i) => ({ example: i, direction: 3, only: index }));
        const rewritten = passes.shared
          ? (await passes.run([pairs[example]!], "single", epsilon)).loss[0]![0]!
          : (await passes.run(pairs, "single", epsilon)).loss[0]![example]!;
        const moved = (await materialised.run([pairs[example]!], "single", epsilon)).loss[0]![0]!;
        expect(Math.abs(rewritten - moved), `${name}, example ${example}`).toBeLessThan(half ? 0.05 : 2e-5);
      }
    }
    await passes.dispose();
    await materialised.dispose();
  });

  function common(subject: Subject, family: Family) {
    const { objective, examples } = corpus;
    return { subject, runtime, family, objective, examples, seed: 2 };
  }

  function passesOf(subject: Subject, family: Family): Passes {
    return new Passes(common(subject, family));
  }
});
