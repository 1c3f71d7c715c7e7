/** Whether a model can be asked about a suite's tokens at all. */
import { canonicalise } from "../onnx/canonical/index.ts";
import type { Graph } from "../onnx/graph.ts";
import { modelInputs } from "../onnx/inputs.ts";
import { embeddingRows } from "../perturb/subject.ts";
import { TaskError } from "../probes/sentences.ts";
import type { SuiteDefinition } from "../suites/suite.ts";

/** @throws TaskError where the suite's tokens are more than the model knows. */
export function assertVocabulary(
  known: number,
  { id, vocabulary }: Pick<SuiteDefinition, "id" | "vocabulary">,
): void {
  if (known >= vocabulary.size) return;
  throw new TaskError(
    `The model knows ${known} tokens, but ${id} has a vocabulary of ${vocabulary.size}: it was trained on something else.`,
  );
}

/** The same before the model runs, as far as its graph shows what it knows. */
export function assertLooksUp(original: Graph, definition: Pick<SuiteDefinition, "id" | "vocabulary">): void {
  const graph = canonicalise(original);
  assertVocabulary(embeddingRows(graph, modelInputs(graph)), definition);
}
