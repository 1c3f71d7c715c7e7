/** What an evaluation is doing, in words. */
import type { EvaluationStage, EvaluationState, Workers } from "../../../shared/api/evaluations.ts";

const STAGES: Readonly<Record<EvaluationStage, string>> = {
  preparing: "inspecting the model, checking its rewriting, choosing the step",
  measuring: "measuring loss and curvature",
  extracting: "reading features off the layers",
  probing: "fitting probes",
  comparing: "scoring tasks without training",
  finishing: "putting the result together",
};

export const stageText = (stage: EvaluationStage): string => STAGES[stage];

/** @param device what runs it. */
export function stateText(
  state: EvaluationState,
  stage: EvaluationStage | null,
  device: Workers = "edge",
): string {
  switch (state) {
    case "queued":
      return device === "lent" ? "waiting for a lent machine to take it" : "waiting for its turn";
    case "running":
      return stage === null ? "beginning" : stageText(stage);
    case "finished":
      return "finished";
    case "failed":
      return stage === null ? "failed before it began" : `failed while ${stageText(stage)}`;
  }
}
