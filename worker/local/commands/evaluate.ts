/** `plateau evaluate`: measures models one after another and shows, keeps and writes what came out. */
import { startRuntime, type Device } from "../devices.ts";
import { evaluateModel, type Run } from "../evaluate-model.ts";
import { EXIT, reportFailure } from "../failure.ts";
import { FinishedResults } from "../finished-results.ts";
import { labels } from "../labels.ts";
import { assertMaterial, readMaterial, type MaterialOptions } from "../material.ts";
import { modelPaths } from "../model-paths.ts";
import { byteText, costText, duration } from "../numbers.ts";
import { createProgress } from "../progress.ts";
import type { Labelled } from "../../../shared/evaluate/labelled.ts";
import { ResultsOutput } from "../results-output.ts";
import { say } from "../terminal.ts";
import { TimeLeft } from "../time-left.ts";

/** The command's options, parsed. */
export interface EvaluateCommandOptions extends MaterialOptions {
  readonly batch: number;
  readonly threads?: number;
  readonly device: Device;
  readonly perLayer?: boolean;
  readonly out?: string;
  readonly json?: string;
  readonly csv?: string;
  readonly quiet?: boolean;
}

/** Runs the command. Answers the exit code: failed where some model failed. */
export async function evaluateCommand(
  models: readonly string[],
  options: EvaluateCommandOptions,
): Promise<number> {
  assertMaterial(options);
  const paths = await modelPaths(models);
  const output = await ResultsOutput.to(options, {
    models: paths,
    material: [options.corpus, options.suite].filter((path) => path !== undefined),
  });
  const { precision, epsilon } = options;
  const material = await readMaterial(options);
  const run: Run = {
    corpus: material.corpus,
    suite: material.suite,
    taskCache: new Map(),
    finished: options.out === undefined ? null : await FinishedResults.in(options.out),
    machine: await startRuntime(options.device, options.threads),
    options: {
      measures: material.measures,
      directions: material.directions,
      seed: material.seed,
      batch: options.batch,
      perLayer: options.perLayer ?? false,
      ...(precision !== undefined && { precision }),
      ...(epsilon !== undefined && { epsilon: { "rank-one": epsilon, scaled: epsilon } }),
    },
    filters: { include: options.include ?? [], exclude: options.exclude ?? [] },
  };

  const progress = createProgress(process.stderr, options.quiet ?? false);
  const names = labels(paths);
  const timeLeft = await TimeLeft.of(paths);
  const results: Labelled[] = [];
  let failed = 0;
  const interrupt = () => {
    progress.clear();
    say(
      options.out === undefined
        ? "interrupted"
        : `interrupted: ${results.length} of ${paths.length} models done; run the same command again to continue`,
    );
    // Whoever started this must see what ended it.
    process.kill(process.pid, "SIGINT");
  };
  process.once("SIGINT", interrupt);
  for (const [i, path] of paths.entries()) {
    const label = names[i]!;
    const prefix = paths.length > 1 ? `[${i + 1}/${paths.length}] ${label}` : label;
    try {
      const { result, ...known } = await evaluateModel(path, label, run, {
        onNote: (text) => progress.note(`${prefix}: ${text}`),
        onStart(bytes, rows) {
          timeLeft.start(i);
          progress.note(
            `${prefix}: ${byteText(bytes)}, ${costText(rows)}${precision === undefined ? "" : " to begin with, more as the precision asks for"}`,
          );
        },
        onProgress: (state) => progress.update(prefix, state, timeLeft.ofAll(state.fraction)),
      });
      timeLeft.finish(i);
      results.push({ label: result.checkpoint.card?.name ?? label, result, ...known });
      await output.save(results);
    } catch (error) {
      failed++;
      progress.clear();
      reportFailure(error, path);
    }
  }
  progress.clear();
  if (paths.length > 1) {
    const outcome = failed > 0 ? `, ${failed} failed` : "";
    progress.note(
      `${results.length} of ${paths.length} models evaluated${outcome}, ${duration(timeLeft.elapsed)}`,
    );
  }
  process.off("SIGINT", interrupt);
  await output.finish(results);
  return failed > 0 ? EXIT.failed : EXIT.ok;
}
