/** Measures one large model in a fresh process; prints rows [stage, ms, MiB above idle, share of the file] as JSON. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { parseCorpus } from "../../shared/corpus/parse.ts";
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { canonicalise } from "../../shared/onnx/canonical/index.ts";
import { findParameters } from "../../shared/onnx/parameters.ts";
import { rankOne } from "../../shared/perturb/families/rank-one.ts";
import { rewrite } from "../../shared/perturb/rewrite.ts";
import { prepareSubject } from "../../shared/perturb/subject.ts";
import { ModelFile } from "../../worker/local/model-file.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";

const [model, corpusFile, threads] = process.argv.slice(2) as [string, string, string];
const runtime = await createNodeRuntime({ threads: Number(threads) });
const corpus = parseCorpus(readFileSync(corpusFile, "utf8"), "mlm");
const size = statSync(model).size / 2 ** 20;
const rows: (string | number)[][] = [];
const idle = peak();

async function stage<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  // Linux forgets the peak so far when 5 is written here; elsewhere peaks only grow.
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not Linux.
  }
  const start = performance.now();
  const result = await work();
  const above = peak() - idle;
  rows.push([name, performance.now() - start, above, above / size]);
  return result;
}

function peak(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

const { graph } = await stage("inspect by ranges", async () => {
  const file = await ModelFile.open(model);
  await findParameters(canonicalise(file.graph));
  return file;
});
const subject = await stage("run once, for layouts", () => prepareSubject(graph, runtime, corpus));
await stage("rewrite", () => rewrite(subject, { family: rankOne, stack: 2 }));
await stage("evaluate, 8 pairs a pass", () =>
  evaluate(graph, runtime, corpus, {
    measures: ["fisher-trace", "hessian-trace"],
    directions: 2,
    seed: 1,
    batch: 8,
  }),
);
process.stdout.write(JSON.stringify(rows));
