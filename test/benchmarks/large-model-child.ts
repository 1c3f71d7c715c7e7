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
import type { Runtime } from "../../shared/runtime.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";

const [model, corpusFile, threads] = process.argv.slice(2) as [string, string, string];
const runtime = await createNodeRuntime({ threads: Number(threads) });
const corpus = parseCorpus(readFileSync(corpusFile, "utf8"), "mlm");
const size = statSync(model).size / 2 ** 20;
const rows: (string | number)[][] = [];
let highest = 0;
let activations = 0;
const idle = memory("VmHWM");

async function stage<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  forgetPeak();
  highest = 0;
  const start = performance.now();
  const result = await work();
  const seconds = performance.now() - start;
  highest = Math.max(highest, memory("VmHWM"));
  rows.push([name, seconds, highest - idle, (highest - idle) / size]);
  return result;
}

/** The same runtime, which notes how far memory rises while sessions run: that is what activations take. */
function watched(inner: Runtime): Runtime {
  return {
    ...inner,
    async createSession(bytes, options) {
      const session = await inner.createSession(bytes, options);
      let settled = false;
      return {
        ...session,
        async run(feeds) {
          // The first run also brings the weights in that the session has not touched yet.
          highest = Math.max(highest, memory("VmHWM"));
          const before = memory("VmRSS");
          forgetPeak();
          const outputs = await session.run(feeds);
          if (settled) activations = Math.max(activations, memory("VmHWM") - before);
          settled = true;
          return outputs;
        },
      };
    },
  };
}

function forgetPeak(): void {
  // Linux forgets the peak so far when 5 is written here; elsewhere peaks only grow.
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not Linux.
  }
}

/** MiB. */
function memory(field: "VmHWM" | "VmRSS"): number {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) / 1024;
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
  evaluate(graph, watched(runtime), corpus, {
    measures: ["fisher-trace", "hessian-trace"],
    directions: 2,
    seed: 1,
    batch: 8,
  }),
);
rows.push(["of it activations", "–", activations, activations / size]);
process.stdout.write(JSON.stringify(rows));
