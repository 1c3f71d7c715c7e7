/** Whether two runs of a piece of a downstream task gave the same: what was refused, and scores of items. */
import type { CompareResult, ExtractResult } from "../../probes/task-pieces.ts";
import type { Prepared } from "../prepared.ts";
import { same, within, type Agreement } from "./finding.ts";
import { lossRounding } from "./precision.ts";

/** Nats that a log-likelihood may differ by, and how much more of it. */
const SCORE = { absolute: 1e-3, relative: 1e-4 };
/** How often the rounding of a loss may be exceeded. */
const ROUNDINGS = 20;

/** Features are compared themselves: see features.ts. */
export function compareExtracted(made: ExtractResult, replayed: ExtractResult): Agreement[] {
  const refused = ({ refusals }: ExtractResult) => [...refusals.keys()].sort((a, b) => a - b);
  const wrong = same("tasks that the model cannot be asked", refused(made), refused(replayed));
  return wrong.length > 0 ? wrong : [{ agrees: true, detail: "the same tasks have features" }];
}

export function compareScores(made: CompareResult, replayed: CompareResult, prepared: Prepared): Agreement[] {
  const [first, second] = [made, replayed].map(scoresOf);
  if (!first || !second) {
    // Words of runtimes differ.
    const wrong = same("whether the task can be asked", first !== null, second !== null);
    return wrong.length > 0 ? wrong : [{ agrees: true, detail: "the task cannot be asked" }];
  }
  const rounding = ROUNDINGS * lossRounding(prepared);
  const tolerances = second.map((score) => SCORE.absolute + rounding + SCORE.relative * Math.abs(score));
  return [within("log-likelihoods", first, second, tolerances, "nats")];
}

/** Null where the model cannot be asked. */
function scoresOf(result: CompareResult): number[] | null {
  if ("reason" in result) return null;
  if ("pairs" in result) return result.pairs.flatMap(({ good, bad }) => [good, bad]);
  return result.items.flatMap(({ choices }) => choices);
}
