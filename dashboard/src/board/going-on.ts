/** Evaluations that a board's table shows above its rows: those that go on, and those that failed. */
import type { EvaluationSummary } from "../../../shared/api/evaluations.ts";

const STAGES: Readonly<Record<NonNullable<EvaluationSummary["stage"]>, string>> = {
  preparing: "preparing the model",
  measuring: "measuring",
  extracting: "extracting features",
  probing: "fitting probes",
  comparing: "comparing sentences",
  finishing: "putting the result together",
};

/** Of each checkpoint the newest evaluation, unless that one finished; those that go on first. */
export function goingOn(evaluations: readonly EvaluationSummary[]): EvaluationSummary[] {
  const newest = new Map<string, EvaluationSummary>();
  for (const evaluation of evaluations) {
    const known = newest.get(evaluation.checkpoint);
    if (!known || known.createdAt < evaluation.createdAt) newest.set(evaluation.checkpoint, evaluation);
  }
  const shown = [...newest.values()].filter(({ state }) => state !== "finished");
  return shown.sort(
    (a, b) =>
      Number(a.state === "failed") - Number(b.state === "failed") || (a.createdAt < b.createdAt ? 1 : -1),
  );
}

export const isActive = ({ state }: Pick<EvaluationSummary, "state">): boolean =>
  state === "queued" || state === "running";

/** How an evaluation stands, in words. */
export function standing({ state, stage, progress, attempt, device }: EvaluationSummary): string {
  const again = attempt > 1 ? `, attempt ${attempt}` : "";
  if (state === "queued") return `${device === "lent" ? "waiting for a lent machine" : "queued"}${again}`;
  const doing = stage === null ? "" : STAGES[stage];
  if (state === "failed") return `failed${doing === "" ? "" : ` while ${doing}`}${again}`;
  const { done, total } = progress.shards;
  // The share stands still while one piece is long; what is known of pieces tells that it goes on.
  const pieces = total > 0 ? `, ${done} of ${total} pieces` : "";
  return `${doing || "running"}, ${Math.floor(100 * progress.share)} %${pieces}${again}`;
}
