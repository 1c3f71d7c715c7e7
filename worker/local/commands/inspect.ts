/** `plateau inspect`: what a model holds and how each parameter would be moved, without an evaluation. */
import { trialRun, type Trial } from "../../../shared/evaluate/trial-run.ts";
import { canonicalise } from "../../../shared/onnx/canonical/index.ts";
import type { Graph } from "../../../shared/onnx/graph.ts";
import { modelInputs, type ModelInputs } from "../../../shared/onnx/inputs.ts";
import { findParameters } from "../../../shared/onnx/parameters.ts";
import { startRuntime } from "../devices.ts";
import { describeFailure, EXIT, reportFailure } from "../failure.ts";
import { describeModel, inspectionLines } from "../inspection.ts";
import { ModelFile } from "../model-file.ts";
import { columns, print } from "../terminal.ts";

export interface InspectCommandOptions {
  readonly json?: boolean;
  /** Leave the model unrun. */
  readonly static?: boolean;
}

/** Runs the command. Answers the exit code: failed where the model could not be evaluated. */
export async function inspectCommand(path: string, options: InspectCommandOptions): Promise<number> {
  const file = await ModelFile.open(path).catch((error: unknown) => reportFailure(error, path));
  if (typeof file === "number") return file;
  try {
    const graph = canonicalise(file.graph);
    const found = await findParameters(graph);
    const show = (inputs: ModelInputs | null, trial: Trial | null, problem: string | null) => {
      const inspection = describeModel({
        path,
        bytes: file.bytes,
        graph: file.graph,
        found,
        inputs,
        trial,
        problem,
      });
      print(
        options.json
          ? JSON.stringify(inspection, null, 2)
          : inspectionLines(inspection, columns()).join("\n"),
      );
    };
    let inputs: ModelInputs | null = null;
    try {
      inputs = modelInputs(graph);
      show(inputs, options.static ? null : await tried(file.graph), null);
      return EXIT.ok;
    } catch (error) {
      // What cannot be evaluated can still be looked at.
      show(inputs, null, describeFailure(error));
      return reportFailure(error, path);
    }
  } catch (error) {
    return reportFailure(error, path);
  } finally {
    await file.close();
  }
}

async function tried(graph: Graph): Promise<Trial> {
  const { runtime } = await startRuntime("cpu", 1);
  return trialRun(graph, runtime);
}
