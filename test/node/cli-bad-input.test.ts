/** Whatever is handed in: one sentence that says what is wrong and where, the right exit code, and soon. */
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixture, PLAIN, writeBadModels, writeExternal } from "./cli-bad-models.ts";
import { expectSentence, expectSentences, plateau, SECONDS, type Outcome, type WrongUse } from "./cli-run.ts";

const CORPUS = ["--corpus", fixture("mlm.jsonl"), "--objective", "mlm", "--threads", "1"];

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plateau-bad-"));
  await writeBadModels(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const MODELS: readonly [name: string, message: RegExp][] = [
  ["text.onnx", /Not a readable ONNX model: the bytes at \d+ are no field/],
  ["empty.onnx", /Not a readable ONNX model: the file is empty\./],
  ["random.onnx", /Not a readable ONNX model/],
  ["png.onnx", /Not a readable ONNX model/],
  ["cut-0.001.onnx", /truncated or not an ONNX model/],
  ["cut-0.3.onnx", /truncated or not an ONNX model/],
  ["cut-0.7.onnx", /truncated or not an ONNX model/],
  ["cut-0.999.onnx", /truncated or not an ONNX model/],
  ["huge-dims.onnx", /shape \[2000000000, 2000000000\] needs \d+ bytes, but 2560 are there/],
  ["negative-dims.onnx", /a dimension of -1/],
  ["deep.onnx", /graphs are nested more than 8 deep/],
  // Nor do control characters reach the terminal.
  ["custom-operator.onnx", /my\.domain\.Mine�\[2J '\w+' is a custom operator of domain 'my\.domain'/],
  ["missing-data.onnx", /the file 'weights\.bin', which is not there\. Put it beside the model/],
  ["parent-data.onnx", /'\.\.\/weights\.bin', outside the model's folder/],
  ["absolute-data.onnx", /'\/etc\/passwd', outside the model's folder/],
  ["linked/link.onnx", /'secret\.bin' is a link that leaves the model's folder/],
  ["no-logits.onnx", /no output called logits, but 'hidden_states'\. Export it with its language-model head/],
  ["unknown-input.onnx", /does not know what to feed to input 'pixel_values'/],
  ["not-a-number.onnx", /The loss of example 1 is NaN\. Check that all weights are finite/],
  ["broken-graph.onnx", /ONNX Runtime cannot run the model: .*nobody-makes-this/],
  ["unknown-operator.onnx", /ONNX Runtime cannot run the model: .*Softestmax/],
];

describe("models", () => {
  let together: Outcome;
  beforeAll(async () => {
    together = await plateau(["evaluate", ...MODELS.map(([name]) => at(name)), ...CORPUS, "--quiet"]);
  });

  test("none of them stops the others, and there is a sentence for each", () => {
    expect(together.stderr.trimEnd().split("\n")).toHaveLength(MODELS.length);
    expect(together.stderr).not.toMatch(/please report/);
    expect(together.code).toBe(1);
    expect(together.stdout).toBe("");
    expect(together.seconds).toBeLessThan(SECONDS);
  });

  test.each(MODELS)("%s", (name, message) => {
    const line = together.stderr.split("\n").find((each) => each.startsWith(`plateau: ${at(name)}: `));
    expect(line).toMatch(message);
  });

  test("inspect refuses what cannot be read, and shows what it can of the rest", async () => {
    const [unreadable, headless] = await Promise.all([
      plateau(["inspect", at("cut-0.7.onnx")]),
      plateau(["inspect", at("no-logits.onnx")]),
    ]);
    expectSentence(unreadable!, /^plateau: \S+cut-0\.7\.onnx: Not a readable/, 1);
    expect(headless!.code).toBe(1);
    expect(headless!.stdout).toContain("outputs: hidden_states");
    expect(headless!.stderr).toMatch(/no output called logits/);
  });
});

const tokens = (length: number, id = 5, label = 7) =>
  JSON.stringify({
    input_ids: Array(length).fill(id),
    labels: Array.from({ length }, (_, t) => (t === 1 ? label : -100)),
  });

test.each<[what: string, corpus: string, message: RegExp]>([
  ["no labels at all", tokens(8, 5, -100), /has no labelled token: every label is -100/],
  [
    "a token beyond the vocabulary",
    tokens(8, 99),
    /The corpus holds token 99, but the model knows tokens 0 to 39/,
  ],
  [
    "a label beyond the vocabulary",
    tokens(8, 5, 40),
    /The corpus holds token 40, but the model knows tokens 0 to 39/,
  ],
  ["a negative label", tokens(8, 5, -3), /line 1: label -3 is neither a token id nor -100/],
  ["malformed JSON", `${tokens(8)}\n${tokens(8)}\n{"input_ids": [1, 2`, /line 3 is not JSON/],
  [
    "labels of another length",
    '{"input_ids": [1, 2, 3], "labels": [1, 2]}',
    /line 1: labels has 2 entries, but input_ids has 3/,
  ],
  ["nothing", "", /is empty/],
  ["bytes", "\u0000\u0001", /line 1 is not JSON/],
  [
    "more tokens than positions",
    `${tokens(8)}\n${tokens(40)}`,
    /takes 32 tokens at most, but the longest example has 40/,
  ],
])("corpus with %s", async (_, text, message) => {
  const path = at("corpus.jsonl");
  await writeFile(path, text);
  expectSentence(
    await plateau(["evaluate", PLAIN, "--corpus", path, "--objective", "mlm", "--quiet"]),
    message,
    1,
  );
});

test("wrong usage", async () => {
  await mkdir(at("folder"));
  await writeFile(at("other.json"), '{"schemaVersion": 1}');
  await writeFile(at("cut.json"), '{"schemaVersion"');
  const external = await writeExternal(at("external"));
  await copyFile(PLAIN, at("mine.onnx"));
  await copyFile(fixture("mlm.jsonl"), at("mine.jsonl"));
  await symlink(at("mine.onnx"), at("link.json"));
  await writeFile(at("read-only.json"), "{}", { mode: 0o444 });
  const good = ["evaluate", PLAIN, ...CORPUS];
  const cases: WrongUse[] = [
    [["evaluat"], /unknown command 'evaluat' \(Did you mean evaluate\?\)\. See plateau --help/, 2],
    [["evaluate", PLAIN], /Say what to measure on: --suite SUITE, or --corpus FILE with --objective/, 2],
    [["evaluate", PLAIN, ...CORPUS.slice(0, 2)], /Say what the corpus's labels are: --objective mlm, or/, 2],
    [[...good, "--foo"], /unknown option '--foo'/, 2],
    [[...good, "--seed", "x"], /'--seed <n>' argument 'x' is invalid\. Expected a whole number/, 2],
    [[...good, "--precision", "5"], /Expected a percentage such as 5%/, 2],
    [[...good, "--epsilon", "0"], /Expected a number between 2\^-30 and 1/, 2],
    [[...good, "--device", "tpu"], /Allowed choices are cpu, cuda, webgpu, wasm/, 2],
    [[...good, "--measures", "loss,flatness"], /There is no measure 'flatness'\. Choose among loss, /, 2],
    [[...good, "--device", "wasm"], /--threads is for --device cpu/, 2],
    [["evaluate", at("nowhere.onnx"), ...CORPUS], /Model \S+nowhere\.onnx does not exist; check the path/, 2],
    [
      ["evaluate", PLAIN, at("folder"), ...CORPUS],
      /Model \S+folder is a folder; give the \.onnx files in it/,
      2,
    ],
    [["evaluate", at("*.nothing"), ...CORPUS], /No file matches/, 2],
    [
      ["evaluate", PLAIN, "--corpus", at("no.jsonl"), "--objective", "mlm"],
      /Corpus \S+no\.jsonl does not exist/,
      2,
    ],
    [["evaluate", PLAIN, "--corpus", at("folder"), "--objective", "mlm"], /Corpus \S+folder is a folder/, 2],
    [
      [...good, "--json", at("nowhere/result.json")],
      /cannot be written: the folder \S+nowhere does not exist/,
      2,
    ],
    [[...good, "--csv", at("folder")], /folder is a folder; name a file in it/, 2],
    [[...good, "--out", PLAIN], /--out \S+ is a file; name a folder/, 2],
    [[...good, "--out", ""], /--out is empty/, 2],
    [[...good, "--out", "/proc/x/y"], /--out \S+ cannot be made a folder \(ENOENT\)/, 2],
    [[...good, "--json", "-", "--csv", "-"], /cannot both go to stdout/, 2],
    [[...good, "--json", at("new"), "--csv", at("./folder/../new")], /are the same file/, 2],
    [
      ["evaluate", at("mine.onnx"), ...CORPUS, "--json", at("link.json")],
      /link\.json is a model to be evaluated, which the output would destroy/,
      2,
    ],
    [["evaluate", external, ...CORPUS, "--csv", at("external/weights.bin")], /is external data of/, 2],
    [
      ["evaluate", PLAIN, "--corpus", at("mine.jsonl"), "--objective", "mlm", "--json", at("mine.jsonl")],
      /is the corpus or the suite, which the output would destroy/,
      2,
    ],
    [[...good, "--json", at("read-only.json")], /read-only\.json is read-only/, 2],
    [[...good, "--include", "nothing", "--quiet"], /--include and --exclude leave no parameter/, 1],
    [["inspect", at("nowhere.onnx")], /Model \S+ does not exist/, 2],
    [["verify", at("nowhere.json"), PLAIN], /Result \S+ does not exist/, 2],
    [["verify", at("cut.json"), PLAIN], /cut\.json is not JSON/, 1],
    [["verify", at("other.json"), PLAIN], /is not a result that this version reads: schemaVersion/, 1],
    [["verify", PLAIN, PLAIN], /is not JSON/, 1],
  ];
  await expectSentences(cases);
}, 60_000);

test("PLATEAU_DEBUG shows where an error came from", async () => {
  const args = ["evaluate", at("text.onnx"), ...CORPUS, "--quiet"];
  const { stderr, code } = await plateau(args, { env: { PLATEAU_DEBUG: "1" } });
  expect(stderr).toMatch(/\n\s+at /);
  expect(code).toBe(1);
});
