import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseCorpus } from "../../../shared/corpus/parse.ts";
import { corpusCommand, type CorpusCommandOptions } from "./corpus.ts";

const tokenizer = fileURLToPath(new URL("../../../shared/suites/text/tokenizer.json", import.meta.url));

let folder: string;
let said: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plateau-corpus-"));
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((said += String(text)), true));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

async function run(name: string, content: string | Uint8Array, options: Partial<CorpusCommandOptions>) {
  await writeFile(join(folder, name), content);
  const output = join(folder, "corpus.jsonl");
  const code = await corpusCommand([join(folder, name)], {
    objective: "clm",
    output,
    heldOut: 0.3,
    documents: "blank-line",
    length: 16,
    examples: 100,
    seed: 1,
    ...options,
  });
  return { code, read: async () => parseCorpus(await readFile(output, "utf8"), options.objective ?? "clm") };
}

const paragraphs = Array.from(
  { length: 40 },
  (_, i) => `The day ${i} was good.\nThey ate bread ${i} times.`,
).join("\n\n");

test("text and a tokenizer: held-out examples by document, and a training file without them", async () => {
  const train = join(folder, "train.jsonl");
  const { code, read } = await run("a.txt", paragraphs, { tokenizer, train });
  expect(said).toMatch(
    /corpus\.jsonl: \d+ examples of \d+, from \d+ documents\n.*train\.jsonl: \d+ examples, from \d+ documents/,
  );
  expect(code).toBe(0);
  const [held, training] = [await read(), parseCorpus(await readFile(train, "utf8"), "clm")];
  const groups = new Set(training.examples.map(({ group }) => group));
  expect(held.examples.length).toBeGreaterThan(5);
  expect(held.examples.filter(({ group }) => groups.has(group))).toEqual([]);
  expect(new Set(held.examples.map(({ group }) => group)).size + groups.size).toBe(40);
});

test("token ids, masked", async () => {
  const lines = Array.from({ length: 30 }, (_, i) => JSON.stringify({ input_ids: [5, 6, 7, 10 + i] })).join(
    "\n",
  );
  const { code, read } = await run("ids.jsonl", lines, { objective: "mlm", maskId: 4 });
  expect(code, said).toBe(0);
  const { examples, labelledTokens } = await read();
  expect(examples).toHaveLength(30);
  expect(labelledTokens).toBe(30);
  expect(examples.every(({ inputIds }) => inputIds.includes(4))).toBe(true);
});

test.each<[string, string, string | Uint8Array, Partial<CorpusCommandOptions>, number, string]>([
  ["text without a tokenizer", "a.txt", "A.", {}, 2, "is text, which takes --tokenizer FILE"],
  ["ids without a mask", "a.jsonl", "{}", { objective: "mlm" }, 2, "needs --mask-id"],
  [
    "a mask token without a tokenizer",
    "a.jsonl",
    "{}",
    { maskToken: "x" },
    2,
    "--mask-token names a token of",
  ],
  ["bytes", "a.txt", new Uint8Array([0xff, 0xfe, 0x41]), { tokenizer }, 1, "is not text in UTF-8."],
  ["nothing", "a.txt", " \n", { tokenizer }, 1, "Of 0 documents, 0 are for evaluation"],
  ["a text as tokenizer", "a.txt", "A.", { tokenizer: "package.json" }, 1, "package.json has no model"],
  ["a missing tokenizer", "a.txt", "A.", { tokenizer: "nowhere.json" }, 2, "nowhere.json does not exist"],
])("refused: %s", async (_, name, content, options, code, message) => {
  expect((await run(name, content, options)).code).toBe(code);
  expect(said).toContain(message);
  expect(said.trim().split("\n")).toHaveLength(1);
});

test("an input is not written over", async () => {
  const path = join(folder, "a.txt");
  expect((await run("a.txt", "A.", { tokenizer, output: path })).code).toBe(2);
  expect(said).toContain("is an input, which the output would destroy");
  expect(await readFile(path, "utf8")).toBe("A.");
});
