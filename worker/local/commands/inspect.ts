/** `plateau inspect`: what a model holds and how each parameter would be moved, without an evaluation. */
import { canonicalise } from "../../../shared/onnx/canonical/index.ts";
import type { Graph } from "../../../shared/onnx/graph.ts";
import { modelInputs, type ModelInputs } from "../../../shared/onnx/inputs.ts";
import { findParameters, type Parameters } from "../../../shared/onnx/parameters.ts";
import { describeFailure, EXIT } from "../failure.ts";
import { describeModel, inspectionLines, type Inspection } from "../inspection.ts";
import { ModelFile } from "../model-file.ts";
import { columns, print, say } from "../terminal.ts";
import { trialRun, type Trial } from "../trial-run.ts";

export interface InspectCommandOptions {
  readonly json?: boolean;
  /** Leave the model unrun. */
  readonly static?: boolean;
}

/** Runs the command. Answers the exit code: failed where the model could not be evaluated. */
export async function inspectCommand(path: string, options: InspectCommandOptions): Promise<number> {
  const file = await ModelFile.open(path);
  try {
    // What cannot be evaluated can still be looked at, up to the point where it fails.
    let problem: string | null = null;
    const attempt = async <T>(work: () => T | Promise<T>): Promise<T | null> => {
      if (problem !== null) return null;
      try {
        return await work();
      } catch (error) {
        problem = describeFailure(error);
        return null;
      }
    };
    const graph: Graph = canonicalise(file.graph);
    const found: Parameters = await findParameters(graph);
    const inputs: ModelInputs | null = await attempt(() => modelInputs(graph));
    const trial: Trial | null = options.static ? null : await attempt(() => trialRun(file.graph));
    const inspection: Inspection = describeModel({
      path,
      bytes: file.bytes,
      graph: file.graph,
      found,
      inputs,
      trial,
      problem,
    });
    print(
      options.json ? JSON.stringify(inspection, null, 2) : inspectionLines(inspection, columns()).join("\n"),
    );
    if (problem !== null) say(`plateau: ${path}: ${problem as string}`);
    return problem === null ? EXIT.ok : EXIT.failed;
  } finally {
    await file.close();
  }
}
