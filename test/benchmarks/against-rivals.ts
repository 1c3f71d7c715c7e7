/**
 * Cost at equal directionError against PyTorch: seconds on the wall, and of the processor, until the direction noise of
 * a trace is 1 % of it, on the model and corpus of test/benchmarks/rivals, whose own results lie beside them. On a busy
 * machine the processor's are the ones to compare.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCorpus } from "../../shared/corpus/parse.ts";
import { evaluate, type EvaluateOptions } from "../../shared/evaluate/evaluate.ts";
import type { MeasureResult } from "../../shared/evaluate/result.ts";
import { ModelFile } from "../../worker/local/model-file.ts";
import { createNodeRuntime } from "../../worker/local/runtimes/node.ts";
import { median, printTable } from "./table.ts";

/** rivals.json, as far as it is read here. */
interface Rivals {
  readonly rivals: readonly {
    readonly name: string;
    readonly way?: string;
    /** Absent for the plain forward pass. */
    readonly trace?: "hessian" | "fisher";
    readonly directionPer: number;
    readonly estimate: number;
    readonly secondsPerPass: number;
    readonly relativeDirectionError: number;
    readonly secondsToOnePercent: number;
    readonly processorSeconds: number;
  }[];
}

const MEASURES = { hessian: "hessian-trace", fisher: "fisher-trace" } as const;
const REPEATS = 2;
/** Directions an example draws in one run: for the Fisher trace as many as bring its noise below 1 %. */
const DIRECTIONS = { hessian: 4, fisher: 2 } as const;

export async function compareWithRivals(folder: string, threads: number): Promise<void> {
  const runtime = await createNodeRuntime({ threads });
  const corpus = parseCorpus(readFileSync(join(folder, "corpus.jsonl"), "utf8"), "mlm");
  const { rivals } = JSON.parse(readFileSync(join(folder, "rivals.json"), "utf8")) as Rivals;
  const file = await ModelFile.open(join(folder, "model.onnx"));
  const run = async (trace: keyof typeof MEASURES, directions: number) => {
    const options: EvaluateOptions = { measures: [MEASURES[trace]], directions, seed: 1, batch: 32 };
    let prepared = 0;
    let processor = process.cpuUsage();
    const start = performance.now();
    const { measures } = await evaluate(file.graph, runtime, corpus, options, {
      onStage: (stage) => {
        if (!stage.startsWith("measuring")) return;
        prepared = performance.now();
        processor = process.cpuUsage();
      },
    });
    return {
      result: measures[MEASURES[trace]] as MeasureResult,
      preparation: prepared - start,
      measuring: performance.now() - prepared,
      processor: process.cpuUsage(processor).user / 1e6,
    };
  };
  const rows: (string | number)[][] = [];
  for (const trace of ["hessian", "fisher"] as const) {
    const runs = [];
    for (let repeat = 0; repeat < REPEATS; repeat++) runs.push(await run(trace, DIRECTIONS[trace]));
    const { result } = runs[0]!;
    const relative = result.directionError! / result.value;
    const seconds = median(runs.map(({ measuring }) => measuring)) / 1000;
    const processor = median(runs.map((each) => each.processor));
    const passes = (relative / 0.01) ** 2;
    rows.push([
      `${trace}: Plateau, ${DIRECTIONS[trace]} directions an example`,
      result.value,
      seconds,
      100 * relative,
      seconds * passes,
      processor * passes,
      1,
    ]);
    for (const rival of rivals.filter((each) => each.trace === trace)) {
      const theirs = rival.processorSeconds * (rival.secondsToOnePercent / rival.secondsPerPass);
      rows.push([
        `${trace}: ${rival.name}, ${rival.way}, one per ${rival.directionPer}`,
        rival.estimate,
        rival.secondsPerPass,
        100 * rival.relativeDirectionError,
        rival.secondsToOnePercent,
        theirs,
        theirs / (processor * passes),
      ]);
    }
    rows.push([
      `${trace}: preparation (inspecting, checking, choosing ε), once`,
      NaN,
      median(runs.map(({ preparation }) => preparation)) / 1000,
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
  }
  await file.close();
  console.log("\nCost at equal directionError");
  printTable(["estimator", "trace", "s per pass", "error, %", "s to 1 %", "processor s", "× Plateau"], rows);
}
