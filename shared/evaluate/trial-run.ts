/** Runs a model once on made-up tokens, to learn how its parameters can be moved. */
import type { Corpus, Example } from "../corpus/corpus.ts";
import { explainFailure } from "./explain-failure.ts";
import { canonicalise } from "../onnx/canonical/index.ts";
import type { Graph } from "../onnx/graph.ts";
import { modelInputs } from "../onnx/inputs.ts";
import { rankOne } from "../perturb/families/rank-one.ts";
import { rewrite } from "../perturb/rewrite.ts";
import type { Participation } from "../perturb/participation.ts";
import { embeddingRows, prepareSubject, type Subject } from "../perturb/subject.ts";
import type { Runtime } from "../runtime.ts";

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
export async function trialRun(original: Graph, runtime: Runtime): Promise<Trial> {
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
