/** Runs a model once on made-up tokens, to learn how its parameters can be moved. */
import type { Corpus, Example } from "../../shared/corpus/corpus.ts";
import { explainFailure } from "../../shared/evaluate/explain-failure.ts";
import { canonicalise } from "../../shared/onnx/canonical/index.ts";
import type { Graph } from "../../shared/onnx/graph.ts";
import { modelInputs } from "../../shared/onnx/inputs.ts";
import { rankOne } from "../../shared/perturb/families/rank-one.ts";
import { rewrite } from "../../shared/perturb/rewrite.ts";
import type { Participation } from "../../shared/perturb/participation.ts";
import { embeddingRows, prepareSubject, type Subject } from "../../shared/perturb/subject.ts";
import { startRuntime } from "./devices.ts";

export interface Trial {
  readonly subject: Subject;
  /** By parameter index. */
  readonly participation: readonly Participation[];
}

const EXAMPLES = 3;
const LENGTH = 8;
/** Tokens used: the largest below this, since special tokens (padding) come first. */
const LARGEST_ID = 31;

/** Throws what `prepareSubject` throws, and UnsupportedModelError where the model does not run. */
export async function trialRun(original: Graph): Promise<Trial> {
  const { runtime } = await startRuntime("cpu", 1);
  const corpus = madeUpCorpus(original);
  const subject = await prepareSubject(original, runtime, corpus).catch(async (error: unknown) => {
    throw await explainFailure(error, original, runtime, corpus);
  });
  return {
    subject,
    participation: rewrite(subject, { family: rankOne, stack: 2, exact: ["curvature"] }).participation,
  };
}

function madeUpCorpus(original: Graph): Corpus {
  const graph = canonicalise(original);
  const inputs = modelInputs(graph);
  const largestId = Math.min(LARGEST_ID, embeddingRows(graph, inputs) - 1);
  const length = inputs.fixedLength ?? LENGTH;
  const examples = Array.from({ length: EXAMPLES }, (_, row): Example => {
    const inputIds = Array.from(
      { length },
      (_, t) => largestId - ((5 * row + 3 * t + row * t) % Math.min(16, largestId)),
    );
    return { inputIds, labels: inputIds };
  });
  return { objective: "mlm", examples, largestId, labelledTokens: EXAMPLES * length };
}
