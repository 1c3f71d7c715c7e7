/**
 * `npm run bench`: what a direction costs, natively and in WebAssembly, and what a large model takes.
 *
 * Ratios are taken within one run, passes of both kinds in turn, because machines are noisy. `--threads N` (default 1),
 * `--repeats N` (default 15), `--large` adds a 300 MB model, `--rivals DIR` compares with test/benchmarks/rivals,
 * `--probes` times logistic regressions and a whole suite, and nothing else.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { startNodeWasmRuntime } from "../../worker/local/runtimes/wasm.ts";
import { directionCost } from "./direction-cost.ts";
import { LOGISTIC_HEADS, logisticFits } from "./logistic.ts";
import { largeModel } from "./large-model.ts";
import { compareWithRivals } from "./against-rivals.ts";
import { SUITE_HEADS, suiteEvaluation } from "./suite-evaluation.ts";
import { printTable } from "./table.ts";
import { writeTransformer } from "./transformer.ts";

const { values } = parseArgs({
  options: {
    threads: { type: "string", default: "1" },
    repeats: { type: "string", default: "15" },
    large: { type: "boolean", default: false },
    rivals: { type: "string" },
    probes: { type: "boolean", default: false },
  },
});
const threads = Number(values.threads);
const repeats = Number(values.repeats);

console.log(
  `${cpus()[0]!.model}, ${threads} thread(s), Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
);

if (values.probes) {
  const runtimes = [
    ["native", await createNodeRuntime({ threads })],
    ["WASM", await startNodeWasmRuntime()],
  ] as const;
  console.log("\nOne checkpoint of the zoo on pcfg-mini@1: d = 64, 2 layers");
  const rows = [];
  for (const [name, runtime] of runtimes) rows.push(await suiteEvaluation(name, runtime));
  printTable(SUITE_HEADS, rows);
  console.log("\nLogistic regression: 10,000 × 512 features, 50 classes");
  const fits = [];
  for (const [name, runtime] of runtimes) fits.push(...(await logisticFits(name, runtime, { plain: false })));
  printTable(LOGISTIC_HEADS, fits);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), "plateau-bench-"));
try {
  const file = join(folder, "model.onnx");
  writeTransformer(file, { layers: 4, width: 256, heads: 8, vocabulary: 200, positions: 32 });
  const bytes = readFileSync(file);
  console.log("\nCost of a direction: 4 layers, d = 256, 32 examples of 32 tokens");
  printTable(
    ["runtime", "two passes, ms", "rank-one, ms", "ratio", "elementwise-scaled, ms", "ratio"],
    [
      await directionCost("native", await createNodeRuntime({ threads }), bytes, repeats),
      await directionCost("WASM", await startNodeWasmRuntime(), bytes, Math.ceil(repeats / 2)),
    ],
  );
  if (values.large) await largeModel(folder, threads);
  if (values.rivals) {
    if (!existsSync(join(values.rivals, "rivals.json"))) {
      throw new Error(
        `${values.rivals} holds no rivals.json; make it with test/benchmarks/rivals (see its README).`,
      );
    }
    await compareWithRivals(values.rivals, threads);
  }
} finally {
  rmSync(folder, { recursive: true });
}
