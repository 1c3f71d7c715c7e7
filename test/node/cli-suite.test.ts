/** Suites from the command line, end to end: what is measured, kept, written, verified, and what is refused. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { corpusLine } from "../../shared/corpus/corpus-lines.ts";
import { IGNORED } from "../../shared/corpus/corpus.ts";
import { parseCorpus } from "../../shared/corpus/parse.ts";
import { decodeFloats, encodeFloats } from "../../shared/evaluate/float-list.ts";
import { resultSchema, type Result } from "../../shared/evaluate/result-schema.ts";
import { makeLanguage } from "../../shared/languages/definition.ts";
import { decode, encode, MASK } from "../../shared/languages/vocabulary.ts";
import { optimalLoss, suiteConditionals } from "../../shared/suites/conditionals.ts";
import { SUITES } from "../../shared/suites/index.ts";
import { drawSentence, Purpose } from "../../shared/suites/sentences.ts";
import { formatSuite } from "../../shared/suites/suite-file.ts";
import type { Suite } from "../../shared/suites/suite.ts";
import type { ProbeTask, Task } from "../../shared/suites/task.ts";
import { smallSuite } from "../support/small-suite.ts";
import { fixture, PLAIN } from "./cli-bad-models.ts";
import { entry, expectSentences, plateau, type Outcome } from "./cli-run.ts";

const SECOND = fixture("bert.dynamo18.onnx");
const HOOK_TIMEOUT = 60_000;
const suite = smallSuite();
const language = makeLanguage(suite.definition.language!);
const probes = suite.tasks.filter((task): task is ProbeTask => task.kind === "probe");

let folder: string;
const at = (name: string) => join(folder, name);
const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(at(name), "utf8"));
const lines = async (name: string) => (await readFile(at(name), "utf8")).trimEnd().split("\n");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plateau-suite-"));
  await writeFile(at("small.json"), formatSuite(suite));
});
afterAll(() => rm(folder, { recursive: true }));

/** The suite with a part of it replaced, as a file. */
async function writeSuite(name: string, definition: Partial<Suite["definition"]>, tasks: readonly Task[]) {
  await writeFile(
    at(name),
    formatSuite({ ...suite, definition: { ...suite.definition, ...definition }, tasks }),
  );
}

describe("two models on a suite", () => {
  const on = ["--suite", "small.json", "--threads", "1"];
  let outcome: Outcome;
  let results: Result[];

  beforeAll(async () => {
    const files = ["--out", "kept", "--json", "many.json", "--csv", "many.csv"];
    outcome = await plateau(["evaluate", PLAIN, SECOND, ...on, ...files], { cwd: folder });
    results = ((await json("many.json")) as unknown[]).map((result) => resultSchema.parse(result));
  }, HOOK_TIMEOUT);

  test("a table with measures, and tasks with their baselines beside them", () => {
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stdout).toContain("small@1  mlm, 60 examples, 60 labelled tokens");
    expect(outcome.stdout).toMatch(/Excess +loss|Excess loss/);
    for (const head of ["task-A", "task-C", "minimal-"]) expect(outcome.stdout).toContain(head);
    expect(outcome.stdout).toMatch(/\d ± \d+(\.\d+)? +\(\d+(\.\d+)?, +\d+(\.\d+)?\)/);
    // A legend may be wrapped anywhere.
    expect(outcome.stdout.replaceAll(/\s+/g, " ")).toContain("(random weights, one-hot words) in %");
  });

  test("results follow the schema, and hold the suite, tasks and every example's own values", () => {
    const sha256 = createHash("sha256").update(formatSuite(suite)).digest("hex");
    for (const { suite: id, corpus, receipt, measures, probes: written, zeroShot, perExample } of results) {
      expect(id).toBe("small@1");
      expect(corpus).toEqual({ sha256, objective: "mlm", examples: 60, labelledTokens: 60 });
      expect(receipt).toMatchObject({ seed: 1, directions: { "rank-one": 2 }, corpus: { file: "small@1" } });
      expect(Object.keys(measures)).toEqual(suite.definition.measures);
      expect(Object.keys(written!)).toEqual(["task-A", "task-C"]);
      expect(Object.keys(zeroShot!)).toEqual(["minimal-pairs"]);
      // Forward passes of an untrained model are far from the language, and these numbers from each other's noise.
      expect(measures["excess-loss"]!.value).toBeGreaterThan(1);
      for (const id of suite.definition.measures) {
        const values = decodeFloats(perExample![id]!)!;
        expect(values).toHaveLength(60);
        const mean = values.reduce((sum, value) => sum + value, 0) / 60;
        expect(mean / measures[id]!.value!).toBeCloseTo(1, 5);
      }
      for (const task of probes) {
        const probe = written![task.id]!;
        if (!probe.accuracy || !probe.randomBaseline.accuracy) throw new Error("not run");
        expect(probe.correct).toHaveLength(task.test.length);
        expect(probe.oneHotBaseline.accuracy.value).toBeGreaterThan(probe.chance);
        expect(probe.codelength.value).toBeGreaterThan(0);
        expect(probe.layers.map(({ layer }) => layer)).toEqual([null, 0, 1]);
      }
    }
    const oneHot = results.map(({ probes: written }) => written!["task-A"]!);
    if (!oneHot[0]!.accuracy || !oneHot[1]!.accuracy) throw new Error("not run");
    expect(oneHot[0]!.oneHotBaseline.accuracy).toEqual(oneHot[1]!.oneHotBaseline.accuracy);
    expect(oneHot[0]!.correct).not.toBe(oneHot[1]!.correct);
  });

  test("the suite's corpus by itself gives the same loss", async () => {
    await writeFile(
      at("corpus.jsonl"),
      suite.corpus.examples.map((each) => `${corpusLine(each)}\n`).join(""),
    );
    const corpus = ["--corpus", "corpus.jsonl", "--objective", "mlm", "--measures", "excess-loss"];
    const args = ["evaluate", PLAIN, ...corpus, "--json", "-", "--quiet"];
    const { stdout } = await plateau(args, { cwd: folder });
    const { measures, suite: none, ...rest } = resultSchema.parse(JSON.parse(stdout));
    expect(none).toBeNull();
    expect(rest).not.toHaveProperty("probes");
    expect(rest).not.toHaveProperty("perExample");
    expect(measures["loss"]!.value).toBeCloseTo(results[0]!.measures["loss"]!.value!, 5);
    expect(measures["excess-loss"]).toEqual({ value: null, reason: expect.stringContaining("not known") });
  });

  test("CSV has a row for each score of a task", async () => {
    const [head, ...rows] = (await lines("many.csv")).map((line) => line.split(","));
    const column = (name: string) => head!.indexOf(name);
    const first = rows.filter((row) => row[column("file")] === PLAIN);
    const scores = ["accuracy", "macro-F1", "codelength", "selectivity", "gain over one-hot words"];
    const names = ["task-A", "task-C"].flatMap((id) =>
      [...scores, "gain over random weights"].map((score) => `${id} ${score}`),
    );
    expect(first.map((row) => row[column("measure")])).toEqual([
      ...suite.definition.measures,
      ...names,
      "minimal-pairs accuracy",
    ]);
    const probe = results[0]!.probes!["task-C"]!;
    if (!probe.accuracy || probe.codelength.value === null) throw new Error("not run");
    const cellsOf = (measure: string) => {
      const row = first.find((each) => each[column("measure")] === measure)!;
      return ["value", "standard_error", "unit"].map((name) => row[column(name)]);
    };
    const { gain } = probe.oneHotBaseline;
    expect(cellsOf("task-C accuracy")).toEqual([probe.accuracy, "share"].flatMap(cellTexts));
    expect(cellsOf("task-C gain over one-hot words")).toEqual([gain, "share"].flatMap(cellTexts));
    expect(cellsOf("task-C codelength")).toEqual([probe.codelength, "bits"].flatMap(cellTexts));
    expect(new Set([head!, ...rows].map(({ length }) => length)).size).toBe(1);
  });

  test("a file of the same suite, laid out otherwise, is the same suite; what is kept is not done again", async () => {
    await writeFile(at("laid-out.json"), JSON.stringify(JSON.parse(formatSuite(suite)), null, 2));
    await copyFile(PLAIN, at("renamed.onnx"));
    const args = ["evaluate", "renamed.onnx", "--suite", "laid-out.json", "--out", "kept", "--threads", "1"];
    const again = await plateau([...args, "--json", "again.json"], { cwd: folder });
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("renamed: done already, taken from --out");
    expect(await readdir(at("kept"))).toHaveLength(2);
    const { checkpoint, ...rest } = resultSchema.parse(await json("again.json"));
    expect(checkpoint.file).toBe("renamed.onnx");
    expect(rest).toEqual({ ...results[0]!, checkpoint: undefined });
    // One model has a sheet: a row a probe, then the layers, then what needs no training.
    expect(again.stdout).toMatch(/probe .*\n.*\n?─+\n(.*\n)*task-A +\d/);
    expect(again.stdout).toMatch(/dings +0 +1\n/);
    expect(again.stdout).toMatch(/without training .*\n─+\nminimal-pairs +\d/);
  });

  test("verify replays tasks as well, and finds what was changed by hand", async () => {
    type Scores = { correct: string; layers: Value[]; randomBaseline: { gain: { value: number } } };
    type Value = { accuracy: { value: number } };
    const claimed = structuredClone(results[0]!) as unknown as {
      probes: Record<"task-A" | "task-C", Scores>;
      zeroShot: Record<string, { margins: string }>;
      perExample: Record<string, string>;
    };
    const { probes: written, zeroShot, perExample } = claimed;
    const digits = written["task-A"].correct;
    // As many right answers as before, but others.
    written["task-A"].correct = digits.slice(20) + digits.slice(0, 20);
    written["task-C"].randomBaseline.gain.value = 0.4;
    written["task-C"].layers[1]!.accuracy.value = 0.99;
    const margins = decodeFloats(zeroShot["minimal-pairs"]!.margins)!;
    zeroShot["minimal-pairs"]!.margins = encodeFloats([...margins].reverse());
    perExample["excess-loss"] = encodeFloats([...decodeFloats(perExample["excess-loss"]!)!].reverse());
    await writeFile(at("doctored.json"), JSON.stringify(claimed));
    await writeFile(at("honest.json"), JSON.stringify(results[0]));
    const verify = (name: string) =>
      plateau(["verify", name, PLAIN, "--suite", "small.json", "--quiet"], { cwd: folder });
    const [honest, doctored] = await Promise.all([verify("honest.json"), verify("doctored.json")]);
    expect(honest.stdout).toContain("All numbers agree.");
    expect(honest.stdout).toMatch(/task-C accuracy +0\.\d+ +0\.\d+ .* agrees/);
    expect(honest.code).toBe(0);
    expect(doctored.stdout).toContain(
      "5 of 50 numbers do not agree: differences of examples, answers that differ, gain over random weights, " +
        "largest difference of a layer, largest difference of a margin.",
    );
    expect(doctored.code).toBe(1);
  });

  test("verify asks for the right suite, and believes no contradiction", async () => {
    const write = async (name: string, change: (result: Record<string, unknown>) => void) => {
      const copy = structuredClone(results[0]) as unknown as Record<string, unknown>;
      change(copy);
      await writeFile(at(name), JSON.stringify(copy));
    };
    await write("better.json", ({ probes: written }) => {
      (written as { "task-A": { accuracy: { value: number } } })["task-A"].accuracy.value = 0.999;
    });
    await write("digits.json", ({ probes: written }) => {
      const probe = (written as Record<string, { correct: string }>)["task-A"]!;
      probe.correct = "1".repeat(probe.correct.length);
    });
    await write("path.json", (copy) => (copy["suite"] = "/etc/passwd"));
    await write("corpus-alone.json", (copy) => (copy["suite"] = null));
    await writeSuite("other.json", { seed: 2 }, suite.tasks);
    const [claim, own] = [
      ["verify", at("many.json"), PLAIN],
      ["--suite", at("small.json")],
    ];
    await expectSentences([
      [claim, /does not bring along small@1, the suite of the result; give its file with --suite\./, 2],
      [["verify", at("path.json"), PLAIN], /does not bring along \/etc\/passwd, the suite of the result/, 2],
      [[...claim, "--corpus", at("x.jsonl")], /is of suite small@1, not of a corpus; leave --corpus out/, 2],
      [
        ["verify", at("corpus-alone.json"), PLAIN, ...own],
        /is of a corpus, not of a suite; give --corpus/,
        2,
      ],
      [
        [...claim, "--suite", at("other.json")],
        /The suite is not the one of the result: sha256 \w{64} there, \w{64} in \S+other\.json/,
        1,
      ],
      [
        ["verify", at("better.json"), PLAIN, ...own],
        /contradicts itself: the accuracy of task-A is 0\.999/,
        1,
      ],
      [
        ["verify", at("digits.json"), PLAIN, ...own],
        /contradicts itself: the accuracy of task-A is .* in 1\./,
        1,
      ],
    ]);
  }, 60_000);
});

const cellTexts = (part: string | { value: number; standardError: number | null }) =>
  typeof part === "string" ? [part] : [String(part.value), String(part.standardError)];

describe("suites", () => {
  test("are listed, in words and as JSON", async () => {
    const [words, machine] = await Promise.all([plateau(["suites"]), plateau(["suites", "--json"])]);
    expect([words.code, machine.code]).toEqual([0, 0]);
    for (const { id } of SUITES) expect(words.stdout).toMatch(new RegExp(`^${id} +\\S`, "m"));
    expect((JSON.parse(machine.stdout) as { id: string }[]).map(({ id }) => id)).toEqual(
      SUITES.map(({ id }) => id),
    );
  });

  test("one is shown with its tasks and the least loss; its file is the same suite", async () => {
    const [sheet, machine] = await Promise.all([
      plateau(["suites", at("small.json")]),
      plateau(["suites", "pcfg-mini", "--json"]),
    ]);
    const { value } = optimalLoss(suiteConditionals(suite)!);
    expect(sheet.stdout).toMatch(/^small@1 {2}Small\nFor tests\.\n/);
    expect(sheet.stdout).toMatch(new RegExp(`least loss +${value.toFixed(2)}\\d* ± 0\\.\\d+ nats/token`));
    expect(sheet.stdout).toMatch(/task-A +probe, \d classes, 120\/60\/80 sentences, chance \d\d\.\d %/);
    expect(sheet.stdout).toMatch(/minimal-pairs +20 minimal pairs, chance 50\.0 %/);
    const shown = JSON.parse(machine.stdout) as { id: string; sha256: string; tasks: { id: string }[] };
    expect(shown).toMatchObject({
      id: "pcfg-mini@1",
      objective: "mlm",
      corpus: { examples: expect.any(Number), labelledTokens: expect.any(Number) },
      optimalLoss: { value: expect.any(Number), standardError: expect.any(Number) },
    });
    expect(shown.tasks.map(({ id }) => id)).toEqual(["task-A", "task-B", "task-C", "minimal-pairs"]);
    const written = await plateau(["suites", "pcfg-mini@1", "--write", at("mini.json")]);
    expect(written).toMatchObject({ code: 0, stdout: "" });
    const text = await readFile(at("mini.json"));
    expect(createHash("sha256").update(text).digest("hex")).toBe(shown.sha256);
    // A pipe is written to as it is.
    const command = `"$0" "$1" suites "$2" --write /dev/stdout | cat`;
    const piped = await promisify(execFile)("sh", ["-c", command, process.execPath, entry, at("small.json")]);
    expect(piped).toEqual({ stdout: formatSuite(suite), stderr: "small@1 written to /dev/stdout\n" });
  });
});

describe("training data", () => {
  const SEED = 5;
  // Test sentences that are sure to come up: the first ones that would be drawn.
  const [task, ...others] = probes as [ProbeTask, ...ProbeTask[]];
  const known = new Set([...task.train, ...task.validation].map(({ inputIds }) => inputIds.join(" ")));
  const first = [Purpose.training, Purpose.exact].flatMap((purpose) =>
    Array.from({ length: 50 }, (_, i) => encode(drawSentence(language, SEED, i, purpose).sample.words)),
  );
  const leaky = {
    ...task,
    test: first.flatMap((inputIds) => (known.has(inputIds.join(" ")) ? [] : [{ inputIds, label: 0 }])),
  };
  const tasks = [leaky, ...others];
  const held = new Set(tasks.flatMap((each) => each.test.map(({ inputIds }) => inputIds.join(" "))));
  const data = (name: string) => join("data", name);
  const rowsOf = async (name: string) => {
    const { buffer, byteOffset, byteLength } = await readFile(at(data(name)));
    const values = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
    const { size } = suite.definition.vocabulary;
    return Array.from({ length: values.length / size }, (_, i) => values.subarray(i * size, (i + 1) * size));
  };
  let outcome: Outcome;
  beforeAll(async () => {
    await writeSuite("leaky.json", {}, tasks);
    const wanted = ["--training", "data", "--sentences", "3000", "--exact", "400", "--seed", `${SEED}`];
    outcome = await plateau(["suites", "leaky.json", ...wanted], { cwd: folder });
  }, HOOK_TIMEOUT);

  test("as many sentences as asked for, and none on which a probe is tested", async () => {
    expect(outcome).toMatchObject({ code: 0, stderr: "training data of small@1 written to data\n" });
    const train = (await lines(data("train.jsonl"))).map((line) => (JSON.parse(line) as Ids).input_ids);
    expect(train).toHaveLength(3000);
    expect(leaky.test.length).toBeGreaterThan(80);
    expect(train.filter((ids) => held.has(ids.join(" ")))).toEqual([]);
    expect(train.every((ids) => decode(ids, language.words.length))).toBe(true);
    for (const task of tasks) {
      const labelled = (await lines(data(`tasks/${task.id}.jsonl`))).map(
        (line) => JSON.parse(line) as unknown,
      );
      expect(labelled).toEqual(task.train.map(({ inputIds, label }) => ({ input_ids: inputIds, label })));
    }
  });

  test.each(["evaluation", "exact"])("%s: a row a hidden word, each a distribution", async (name) => {
    const corpus = parseCorpus(await readFile(at(data(`${name}.jsonl`)), "utf8"), "mlm");
    const rows = await rowsOf(`${name}.f32`);
    expect(rows).toHaveLength(name === "exact" ? 400 : 60);
    expect(corpus.labelledTokens).toBe(rows.length);
    corpus.examples.forEach(({ inputIds, labels }, i) => {
      const [place] = inputIds.flatMap((id, t) => (id === MASK ? [t] : []));
      expect(labels.filter((label) => label !== IGNORED)).toEqual([labels[place!]]);
      expect(rows[i]!.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
      expect(rows[i]![labels[place!]!]).toBeGreaterThan(0);
      const [expected] = language.conditionals(decode(inputIds, language.words.length)!) as [Float64Array];
      expect(rows[i]!.slice(2)).toEqual(Float32Array.from(expected));
      if (name === "exact") expect(held.has(inputIds.with(place!, labels[place!]!).join(" "))).toBe(false);
    });
  });

  test("what the trainer must know beside", async () => {
    expect(await json(data("language.json"))).toEqual({
      ...{ vocabulary: 14, pad: 0, mask: 1, maximumLength: 8, objective: "mlm" },
      optimalLoss: optimalLoss(suiteConditionals(suite)!).value,
    });
  });

  test("a language without other sentences than those of the test is refused, not searched for ever", async () => {
    const all = [2, 3].flatMap((a) => [2, 3].map((b) => ({ inputIds: [a, b], label: a - 2 })));
    const longer = [{ inputIds: [2, 2, 2], label: 0 }];
    const splits = { train: longer, validation: longer, test: all };
    const exhausting: ProbeTask = { ...task, classes: ["a", "b"], ...splits };
    const coin = {
      vocabulary: { size: 4, pad: 0, mask: MASK },
      language: { kind: "pcfg" as const, grammar: "S X X 1\nX a 0.5\nX b 0.5" },
    };
    const corpus = parseCorpus('{"input_ids": [1, 2], "labels": [3, -100]}', "mlm");
    const definition = { ...suite.definition, ...coin };
    await writeFile(at("coin.json"), formatSuite({ definition, corpus, tasks: [exhausting] }));
    await expectSentences([
      [
        ["suites", at("coin.json"), "--training", at("coin")],
        /100000 sentences drawn are all among those on which the suite's probes are tested/,
        1,
      ],
    ]);
  });
});

interface Ids {
  readonly input_ids: number[];
}

test("plateau corpus makes what evaluate reads, with the tokenizer of the text suite", async () => {
  const tokenizer = new URL("../../shared/suites/text/tokenizer.json", import.meta.url).pathname;
  const paragraphs = Array.from({ length: 12 }, (_, i) => `The man saw the sea for ${i} days.\nIt was good.`);
  await writeFile(at("book.txt"), paragraphs.join("\n\n"));
  const settings = ["--objective", "clm", "--documents", "blank-line", "--length", "16"];
  const made = await plateau(
    ["corpus", "book.txt", "--tokenizer", tokenizer, ...settings, "--output", "book.jsonl"],
    { cwd: folder },
  );
  expect(made).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("from 12 documents") });
  const { examples, largestId } = parseCorpus(await readFile(at("book.jsonl"), "utf8"), "clm");
  expect(examples.length).toBeGreaterThanOrEqual(12);
  expect(examples.every(({ inputIds }) => inputIds.length <= 16)).toBe(true);
  // What it makes is read, and found to be of another vocabulary.
  await expectSentences([
    [
      ["evaluate", PLAIN, "--corpus", at("book.jsonl"), "--objective", "clm", "--quiet"],
      new RegExp(`holds token ${largestId}, but the model knows tokens 0 to 39`),
      1,
    ],
  ]);
});

test("tasks that cannot be asked are named with their reasons, and the others are there", async () => {
  const [task] = probes as [ProbeTask];
  const lone = {
    ...task,
    id: "lone",
    train: task.train.filter(
      ({ label }, i) => label !== 0 || i === task.train.findIndex((e) => e.label === 0),
    ),
  };
  const begin = (examples: ProbeTask["train"]) =>
    examples.map(({ inputIds, label }) => ({ inputIds: [2, ...inputIds], label }));
  const first: ProbeTask = {
    ...{ ...task, id: "first", pooling: { kind: "position", position: 0 } },
    ...{ train: begin(task.train), validation: begin(task.validation), test: begin(task.test) },
  };
  const long = { ...first, id: "long", test: [{ inputIds: Array<number>(33).fill(2), label: 0 }] };
  await writeSuite("partly.json", { measures: ["loss"] }, [lone, first, long]);
  const args = ["evaluate", PLAIN, "--suite", "partly.json", "--threads", "1", "--quiet"];
  const { code, stdout } = await plateau([...args, "--csv", "partly.csv"], { cwd: folder });
  expect(code).toBe(0);
  const text = stdout.replaceAll(/\s+/g, " ");
  expect(text).toMatch(
    /! Tasks that could not be run: lone: Class "\S+" has one training example at layer 1 of lone; give at least two,/,
  );
  expect(text).toMatch(/long: Sentence \d+ of long has 33 tokens, but the model takes 32 at most/);
  expect(text).toMatch(
    /! Parts of probes that could not be fitted: first, embeddings: All 24 features of the embeddings of first are constant/,
  );
  expect(stdout).toMatch(/^first +\d\d(\.\d)? ± /m);
  const rows = await lines("partly.csv");
  expect(rows.filter((row) => row.includes(",lone ") || row.includes(",long "))).toEqual([
    expect.stringMatching(/,lone accuracy,.*Class/),
    expect.stringMatching(/,long accuracy,.*33 tokens/),
  ]);
});

test("bad input and wrong usage: one sentence each", async () => {
  await mkdir(at("folder"));
  await writeFile(at("no-suite.json"), '{"schemaVersion": 1}');
  await writeFile(at("unlike.json"), '{"version":"1.0","model":{"type":"Mystery"}}');
  await writeFile(at("words.txt"), "Some words.");
  const grammar = (text: string) => ({ language: { kind: "pcfg" as const, grammar: text } });
  const hmm = {
    language: {
      kind: "hmm" as const,
      parameters: { words: ["a"], initial: [0.5], transitions: [[1]], emissions: [[1]], lengths: [1] },
    },
  };
  await Promise.all([
    writeSuite("unending.json", grammar("S S S 0.5\nS a 0.5"), []),
    writeSuite("unequal.json", grammar("S a 0.5\nS b 0.3"), []),
    writeSuite("hmm.json", hmm, []),
    writeSuite("large.json", { language: null, vocabulary: { size: 41, pad: 0, mask: 1 } }, []),
    writeSuite("small-vocabulary.json", { vocabulary: { size: 5, pad: 0, mask: 1 } }, []),
    writeSuite("another.json", { vocabulary: { size: 14, pad: 0, mask: 2 } }, []),
  ]);
  const on = (name: string, ...more: string[]) => ["evaluate", PLAIN, "--suite", name, "--quiet", ...more];
  const tokenizer = ["--tokenizer", at("unlike.json"), "--objective", "clm", "--output", at("x.jsonl")];
  await expectSentences([
    [on("nothing"), /There is no suite 'nothing'\. Choose among pcfg-mini@1, .* or give a suite file\./, 2],
    [on("pcfg-mini@9"), /There is no suite 'pcfg-mini@9'\. Choose among/, 2],
    [on(at("nowhere.json")), /Suite \S+nowhere\.json does not exist; check the path/, 2],
    [on(at("folder")), /Suite \S+folder is a folder; name the suite file in it/, 2],
    [on("pcfg-mini", "--corpus", at("x")), /--suite fixes what --corpus would set, .*; leave it out, or/, 2],
    [
      on("pcfg-mini", "--seed", "2", "--directions", "4", "--exclude", "a"),
      /--suite fixes what --directions, --seed, --exclude would set, .*; leave them out/,
      2,
    ],
    [
      on(at("small.json"), "--json", at("small.json")),
      /is the corpus or the suite, which the output would/,
      2,
    ],
    [on(fixture("mlm.jsonl")), /mlm\.jsonl is not JSON \(/, 1],
    [on(PLAIN), /is not text in UTF-8; a suite file is one JSON object/, 1],
    [on(at("no-suite.json")), /no-suite\.json is not a suite: definition: Invalid input: /, 1],
    [on(at("unending.json")), /goes round|go round|never end|does not end/, 1],
    [on(at("unequal.json")), /rules of 'S' add up to 0\.8, not/, 1],
    [on(at("hmm.json")), /The initial probabilities: the values add up to 0\.5, not to 1\./, 1],
    [on(at("large.json")), /knows 40 tokens, but small@1 has a vocabulary of 41: it was trained on/, 1],
    [on(at("small-vocabulary.json")), /token id \d+ is not below vocabulary\.size, 5\./, 1],
    [
      on(at("another.json")),
      /excess loss needs sentences of the language whose labelled tokens are all masked/,
      1,
    ],
    [["suites", "nothing"], /There is no suite 'nothing'/, 2],
    [["suites", "--write", at("x.json")], /Name the suite whose files are wanted, such as pcfg-mini/, 2],
    [["suites", at("small.json"), "--write", at("folder")], /folder is a folder; name a file in it/, 2],
    [["suites", at("small.json"), "--training", PLAIN], /--training \S+ is a file; name a folder/, 2],
    [["suites", at("small.json"), "--training", ""], /--training is empty; name a folder/, 2],
    [
      ["suites", at("small.json"), "--training", "/proc/x"],
      /--training \/proc\/x cannot be made a folder/,
      2,
    ],
    [["suites", at("small.json"), "--sentences", "0"], /'--sentences <n>' argument '0' is invalid/, 2],
    [
      ["corpus", at("words.txt"), ...tokenizer],
      /unlike\.json has a model of the kind "Mystery", which is not/,
      1,
    ],
  ]);
}, 120_000);
