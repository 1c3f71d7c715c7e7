/** What `evaluate --suite pcfg-mini` takes for one checkpoint of the zoo: measures, then every probe with its layer curve. */
import { evaluate } from "../../shared/evaluate/evaluate.ts";
import { runTasks } from "../../shared/probes/run-tasks.ts";
import type { Runtime } from "../../shared/runtime.ts";
import { suiteMaterial } from "../../worker/local/material.ts";
import { ModelFile } from "../../worker/local/model-file.ts";

const MODEL = new URL("../../models/zoo/pcfg-mini/adamw-d64-s1-step-6000.onnx", import.meta.url);

export const SUITE_HEADS = ["runtime", "suite, s", "measures, s", "tasks, s", "together, s", "processor, s"];

export async function suiteEvaluation(name: string, runtime: Runtime): Promise<(string | number)[]> {
  const before = process.cpuUsage();
  const marks = [performance.now()];
  const mark = () => marks.push(performance.now());
  const { corpus, suite, measures, directions, seed } = await suiteMaterial("pcfg-mini");
  mark();
  const file = await ModelFile.open(MODEL.pathname);
  const { evaluation } = await evaluate(file.graph, runtime, corpus.corpus, {
    ...{ measures, directions, seed, batch: 32 },
  });
  mark();
  await runTasks(evaluation.subject, runtime, suite, new Map());
  mark();
  await file.close();
  const { user, system } = process.cpuUsage(before);
  const parts = marks.slice(1).map((end, i) => (end - marks[i]!) / 1000);
  const total = parts.reduce((sum, part) => sum + part, 0);
  return [name, ...[...parts, total, (user + system) / 1e6].map((seconds) => seconds.toFixed(1))];
}
