/** What a model of 300 MB takes: time to read and rewrite, memory to inspect and evaluate. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { maskedCorpus } from "./direction-cost.ts";
import { printTable } from "./table.ts";
import { writeTransformer } from "./transformer.ts";

const VOCABULARY = 12_000;

export async function largeModel(folder: string, threads: number): Promise<void> {
  const model = join(folder, "large.onnx");
  const parameters = writeTransformer(model, {
    layers: 10,
    width: 704,
    heads: 11,
    vocabulary: VOCABULARY,
    positions: 128,
  });
  const corpus = join(folder, "large.jsonl");
  const lines = maskedCorpus(16, 32, VOCABULARY).examples.map(({ inputIds, labels }) => {
    return JSON.stringify({ input_ids: inputIds, labels });
  });
  writeFileSync(corpus, lines.join("\n"));
  // A process of its own, so that its peak is its own.
  const child = spawnSync(
    process.execPath,
    [new URL("large-model-child.ts", import.meta.url).pathname, model, corpus, String(threads)],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  if (child.status !== 0) throw new Error(`measuring the large model failed with status ${child.status}`);
  console.log(`\nA model of ${((4 * parameters) / 1e6).toFixed(0)} MB (peak memory above idle, MiB)`);
  printTable(["stage", "ms", "MiB", "of the file"], JSON.parse(child.stdout) as (string | number)[][]);
}
