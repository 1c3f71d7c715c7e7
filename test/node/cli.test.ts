/** The command line from end to end, on small models. */
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resultSchema, type Result } from "../../shared/evaluate/result-schema.ts";
import type { MeasureResult } from "../../shared/evaluate/result.ts";
import { MEASURES } from "../../shared/measures/index.ts";
import { fixture, PLAIN, writeExternal } from "./cli-bad-models.ts";
import { plateau, type Outcome } from "./cli-run.ts";

const CORPUS = ["--corpus", fixture("mlm.jsonl"), "--objective", "mlm", "--threads", "1"];
const SECOND = fixture("bert.dynamo18.onnx");

let folder: string;
const at = (name: string) => join(folder, name);
const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(at(name), "utf8"));
const result = async (name: string): Promise<Result> => resultSchema.parse(await json(name));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plateau-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("help names every measure, and each command explains itself", async () => {
  const [all, evaluate, version] = await Promise.all(
    [["--help"], ["evaluate", "--help"], ["--version"]].map((args) => plateau(args)),
  );
  expect([all, evaluate, version].map((outcome) => outcome!.code)).toEqual([0, 0, 0]);
  for (const { id } of MEASURES) {
    expect(all!.stdout).toContain(id);
    expect(evaluate!.stdout).toContain(id);
  }
  expect(evaluate!.stdout).toContain("plateau evaluate model.onnx --corpus dev.jsonl --objective clm");
  expect(Math.max(...all!.stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(version!.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe("one model", () => {
  let outcome: Outcome;
  let model: string;

  beforeAll(async () => {
    model = at("step-1000.onnx");
    await copyFile(PLAIN, model);
    await copyFile(fixture("mlm.jsonl"), at("mlm.jsonl"));
    await writeFile(
      at("step-1000.card.json"),
      JSON.stringify({ name: "=small", run: "a", step: 1000, lr: 0.01 }),
    );
    const files = ["--json", at("one.json"), "--csv", at("one.csv")];
    outcome = await plateau(["evaluate", model, ...CORPUS, "--per-layer", "--directions", "4", ...files]);
  });

  test("shows a table with errors, and what to beware of", () => {
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/^=small {2}5,784 parameters: 5,104 moved, 680 taken exactly/);
    expect(outcome.stdout).toMatch(/Fisher trace +\d+(\.\d+)? +\d+(\.\d+)? +\d+(\.\d+)? +nats\/token/);
    expect(outcome.stdout).toMatch(/layer +kind +parameters/);
    expect(outcome.stdout).toContain("The loss is above that of a uniform guess (ln V = 3.689): is this");
    // Of 36 examples each holds a few percent.
    expect(outcome.stdout).not.toContain("One example holds");
    // Neither colours nor cursor movements where no terminal reads.
    expect(outcome.stdout + outcome.stderr).not.toContain("\u001b");
  });

  test("says the cost beforehand, on stderr", () => {
    expect(outcome.stderr).toMatch(/step-1000: 35\.6 kB, about [\d,]+ forward passes of one example/);
  });

  test("writes a result with all that a replay needs", async () => {
    const { checkpoint, corpus, measures, receipt } = await result("one.json");
    expect(checkpoint.card).toEqual({ name: "=small", run: "a", step: 1000, lr: 0.01 });
    expect(checkpoint).toMatchObject({
      ...{ parameters: 5784, perturbedParameters: 5104, exactParameters: 680 },
      unperturbed: [],
    });
    expect(corpus).toMatchObject({ objective: "mlm", examples: 36, labelledTokens: 56 });
    expect(measures["loss"]!.value).toBeCloseTo(4.1116, 4);
    expect(receipt).toMatchObject({
      device: "cpu",
      directions: { "rank-one": 4 },
      seed: 1,
      epsilonByHand: false,
    });
    expect(receipt.epsilon["rank-one"]).toBeGreaterThan(0);
    expect(receipt.selfCheck["rank-one"]!.moved).toBeLessThan(1e-2);
    const fisher = measures["fisher-trace"]!;
    if (fisher.value === null) throw new Error(fisher.reason);
    const parts = fisher.perTensor!.reduce((sum, { value }) => sum + value, 0);
    expect(parts / fisher.value).toBeCloseTo(1, 9);
  });

  test("writes tidy CSV that a spreadsheet takes for text", async () => {
    const lines = (await readFile(at("one.csv"), "utf8")).trimEnd().split("\n");
    const tensors = (await result("one.json")).measures["fisher-trace"] as MeasureResult;
    expect(lines).toHaveLength(1 + 4 + 3 * tensors.perTensor!.length);
    expect(lines[1]).toContain(",'=small,a,,1000,");
    expect(new Set(lines.map((line) => line.split(",").length)).size).toBe(1);
  });

  test("can be verified, and a doctored result cannot", async () => {
    const honest = (await json("one.json")) as Result & { measures: Record<string, { value: number }> };
    const doctored = structuredClone(honest);
    doctored.measures["hessian-trace"]!.value *= 1.05;
    await writeFile(at("doctored.json"), JSON.stringify(doctored));
    const nulled = structuredClone(honest) as unknown as Result;
    (nulled.measures as Record<string, unknown>)["fisher-trace"] = { value: null, reason: "none" };
    await writeFile(at("nulled.json"), JSON.stringify(nulled));
    const overdrawn = structuredClone(honest);
    overdrawn.receipt.directions["rank-one"] = 2_000_000;
    await writeFile(at("overdrawn.json"), JSON.stringify(overdrawn));
    const [hidden, refused] = await Promise.all([
      plateau(["verify", at("nulled.json"), model, "--quiet"]),
      plateau(["verify", at("overdrawn.json"), model]),
    ]);
    expect(hidden!.stdout).toMatch(/Fisher trace +– .* DIFFERS/);
    expect(hidden!.code).toBe(1);
    expect(refused!.stderr).toMatch(
      /claims 2000000 directions an example, but evaluate draws 1000000 at most/,
    );
    expect(refused!.code).toBe(1);
    const [same, other, wrongModel] = await Promise.all([
      plateau(["verify", at("one.json"), model]),
      plateau(["verify", at("doctored.json"), model, "--corpus", fixture("mlm.jsonl"), "--quiet"]),
      plateau(["verify", at("one.json"), SECOND]),
    ]);
    expect(same!.stdout).toContain("All numbers agree.");
    expect(same!.code).toBe(0);
    expect(other!.stdout).toMatch(/Hessian trace .* DIFFERS/);
    expect(other!.stdout).toContain("do not agree: Hessian trace");
    expect(other!.code).toBe(1);
    expect(wrongModel!.stderr).toMatch(
      /^plateau: The model is not the one of the result: sha256 \w{64} there, \w{64} in /,
    );
    expect(wrongModel!.code).toBe(1);
  });
});

describe("several models with --out", () => {
  const quick = ["--directions", "2", "--measures", "fisher-trace"];
  let paths: string[];
  let first: Outcome;

  beforeAll(async () => {
    await writeFile(at("broken.onnx"), "no model");
    paths = [PLAIN, at("broken.onnx"), SECOND, await writeExternal(at("external"))];
    first = await plateau([
      "evaluate",
      ...paths,
      ...CORPUS,
      ...quick,
      "--out",
      at("kept"),
      "--json",
      at("many.json"),
    ]);
  }, 60_000);

  test("one that fails is named, and the others go on", async () => {
    expect(first.code).toBe(1);
    expect(first.stderr).toMatch(/plateau: \S+broken\.onnx: Not a readable ONNX model: .*\n/);
    expect(first.stderr).toContain("3 of 4 models evaluated, 1 failed");
    expect(first.stdout).toMatch(/plain\.dynamo18 +5\.78k +\d.* ± .*\(/);
    expect(first.stdout).toMatch(/bert\.dynamo18/);
    const results = (await json("many.json")) as Result[];
    expect(results.map(({ checkpoint }) => checkpoint.file)).toEqual([paths[0], paths[2], paths[3]]);
    expect(results[2]!.receipt.model.externalData).toMatchObject([{ file: "weights.bin", bytes: 2560 }]);
  });

  test("what is kept is not done again, unless it cannot be read or something else is asked for", async () => {
    const files = await readdir(at("kept"));
    expect(files).toHaveLength(3);
    const damaged = files.find((name) => name.startsWith("bert"))!;
    await writeFile(join(at("kept"), damaged), '{"schemaVersion": 1');
    await copyFile(PLAIN, at("renamed.onnx"));
    const again = await plateau([
      ...["evaluate", at("renamed.onnx"), SECOND, ...CORPUS, ...quick],
      ...["--out", at("kept"), "--json", at("again.json"), "--batch", "16"],
    ]);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("renamed: done already, taken from --out");
    expect(again.stderr).toContain("bert.dynamo18: its kept result cannot be read; evaluating again");
    expect(await readdir(at("kept"))).toEqual(files);
    const [before, after] = (await Promise.all([json("many.json"), json("again.json")])) as [
      Result[],
      Result[],
    ];
    expect(after[0]!.measures).toEqual(before[0]!.measures);
    expect(after[0]!.checkpoint.file).toBe(at("renamed.onnx"));
    expect(
      (after[1]!.measures["fisher-trace"]!.value ?? 0) / (before[1]!.measures["fisher-trace"]!.value ?? 0),
    ).toBeCloseTo(1, 4);

    const otherSeed = await plateau([
      "evaluate",
      PLAIN,
      ...CORPUS,
      ...quick,
      "--out",
      at("kept"),
      "--seed",
      "2",
      "--quiet",
    ]);
    expect(otherSeed).toMatchObject({ code: 0, stderr: "" });
    expect(await readdir(at("kept"))).toHaveLength(4);
  });
});

test("a precision is reached, and said to be limited by examples", async () => {
  const args = [
    "evaluate",
    PLAIN,
    ...CORPUS,
    "--measures",
    "fisher-trace",
    "--precision",
    "3%",
    "--json",
    at("precise.json"),
  ];
  const { code, stdout } = await plateau(args);
  expect(code).toBe(0);
  expect(stdout).toContain("Limited by examples");
  const { measures, receipt } = await result("precise.json");
  const { value, directionError } = measures["fisher-trace"] as MeasureResult;
  expect(directionError! / value).toBeLessThanOrEqual(0.03);
  expect(receipt.directions["rank-one"]).toBeGreaterThan(8);
});

test("JSON on stdout is alone there, filters are in the receipt, and the step can be set", async () => {
  const { code, stdout } = await plateau([
    ...["evaluate", PLAIN, ...CORPUS, "--measures", "adaptive-fisher-trace", "--directions", "1"],
    ...["--exclude", "head.*", "--include", "*", "--epsilon", "2^-9", "--json", "-"],
  ]);
  expect(code).toBe(0);
  const { checkpoint, receipt } = resultSchema.parse(JSON.parse(stdout));
  expect(receipt).toMatchObject({
    include: ["*"],
    exclude: ["head.*"],
    epsilon: { scaled: 2 ** -9 },
    epsilonByHand: true,
  });
  expect(checkpoint.unperturbed.map(({ reason }) => reason)).toContain("excluded");
  expect(checkpoint.perturbedParameters).toBeLessThan(checkpoint.parameters);
});

test("the output head alone is exact: no directions, no ε, and verify finds the same", async () => {
  const { code, stdout } = await plateau([
    ...["evaluate", PLAIN, ...CORPUS, "--include", "head.*", "--per-layer"],
    ...["--json", at("head.json"), "--csv", at("head.csv")],
  ]);
  expect(code).toBe(0);
  expect(stdout).toContain("5,784 parameters: 680 taken exactly, 5,104 left out");
  expect(stdout).not.toContain("directions an example");
  const { checkpoint, measures, receipt } = await result("head.json");
  expect(checkpoint).toMatchObject({ perturbedParameters: 0, exactParameters: 680 });
  expect(receipt).toMatchObject({ directions: { "rank-one": 0 }, epsilon: {} });
  expect(measures["hessian-trace"]).toMatchObject({
    ...{ directionError: 0, directions: 0 },
    perTensor: [
      { name: "head.weight", directionError: 0, exact: true },
      { name: "head.bias", directionError: 0, exact: true },
    ],
  });
  expect(measures["hessian-trace"]!.value).toBe(measures["fisher-trace"]!.value);
  expect(await readFile(at("head.csv"), "utf8")).toMatch(/hessian-trace,head\.bias,,bias,40,yes,/);
  const verified = await plateau(["verify", at("head.json"), PLAIN, ...CORPUS.slice(0, 2)]);
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining("All numbers agree.") });
});

test("examples of different lengths are padded", async () => {
  const lines = [3, 8, 20, 2, 31].map((length) => {
    const labels = Array.from({ length }, (_, t) => (t === 1 ? 7 : -100));
    return JSON.stringify({ input_ids: Array(length).fill(5), labels });
  });
  await writeFile(at("ragged.jsonl"), `${lines.join("\n")}\n`);
  const { code, stdout } = await plateau([
    "evaluate",
    PLAIN,
    "--corpus",
    at("ragged.jsonl"),
    "--objective",
    "mlm",
  ]);
  expect(stdout).toContain("5 examples, 5 labelled tokens");
  expect(code).toBe(0);
});

test("inspect tells parameters, ties and how they move; --static leaves the model unrun", async () => {
  const [words, machine, unrun] = await Promise.all([
    plateau(["inspect", SECOND], { env: { COLUMNS: "80" } }),
    plateau(["inspect", fixture("gpt2.torchscript17.onnx"), "--json"]),
    plateau(["inspect", PLAIN, "--static"]),
  ]);
  expect([words!.code, machine!.code, unrun!.code]).toEqual([0, 0, 0]);
  expect(words!.stdout).toMatch(/attention_mask +\[batch, sequence\] +attention mask/);
  expect(words!.stdout).toMatch(/41 +40 +bias +– +Add +exact +model\.cls\.predictions\.decoder\.bias/);
  expect(words!.stdout).toContain("Every example moves 41 of 42 along directions of its own.");
  expect(words!.stdout).toContain("1 in the output head needs no directions: the trace over it is exact.");
  const { parameters, totalParameters, vocabulary } = JSON.parse(machine!.stdout) as {
    parameters: { dims: number[]; copies: string[]; readBy: string[]; moved: { by: string } }[];
    totalParameters: number;
    vocabulary: number;
  };
  expect(totalParameters).toBe(parameters.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b), 0));
  expect(vocabulary).toBe(40);
  // The embedding and the head share their weights.
  expect(parameters.find(({ readBy }) => readBy.length > 1)!.copies.length).toBeGreaterThanOrEqual(1);
  expect(parameters.every(({ moved }) => moved.by === "example")).toBe(true);
  expect(unrun!.stdout).toContain("Not run, so how they would be measured is not known.");
});

test("Ctrl-C stops at once and leaves what is finished", async () => {
  const slow = ["--measures", "fisher-trace", "--directions", "100000", "--threads", "1"];
  const kept = ["--out", at("interrupted")];
  const quick = await plateau(["evaluate", PLAIN, ...CORPUS, "--measures", "loss", ...kept]);
  expect(quick.code).toBe(0);
  let interrupted = 0;
  const { code, signal, stderr } = await plateau(["evaluate", PLAIN, ...CORPUS, ...slow, ...kept], {
    during: (child) => {
      child.stderr!.once("data", () =>
        setTimeout(() => {
          interrupted = performance.now();
          child.kill("SIGINT");
        }, 300),
      );
    },
  });
  // A shell shows 130 for a process that SIGINT ended.
  expect(code ?? signal).toBe("SIGINT");
  expect(stderr).toMatch(/\ninterrupted: 0 of 1 models done; run the same command again to continue\n$/);
  expect(performance.now() - interrupted).toBeLessThan(1000);
  expect(await readdir(at("interrupted"))).toHaveLength(1);
});

test("a reader that stops early is no failure", async () => {
  const { stderr, code } = await plateau(["evaluate", "--help"], {
    during: (child) => child.stdout!.destroy(),
  });
  expect(stderr).toBe("");
  expect(code).toBe(0);
});
