/** The registry of measures: command line, tables, plots and help all read it. A new measure is a file and a line here. */
import { PlateauError } from "../errors.ts";
import { adaptiveFisherTrace } from "./adaptive-fisher-trace.ts";
import { adaptiveHessianTrace } from "./adaptive-hessian-trace.ts";
import { empiricalFisherTrace } from "./empirical-fisher-trace.ts";
import { excessLoss } from "./excess-loss.ts";
import { fisherTrace } from "./fisher-trace.ts";
import { hessianTrace } from "./hessian-trace.ts";
import { loss } from "./loss.ts";
import type { Measure } from "./measure.ts";

export type { Measure, PairSums } from "./measure.ts";

export const MEASURES: readonly Measure[] = [
  loss,
  excessLoss,
  fisherTrace,
  hessianTrace,
  empiricalFisherTrace,
  adaptiveFisherTrace,
  adaptiveHessianTrace,
];

/** What is measured unless something else is asked for: all that one family of passes gives on any corpus. */
export const DEFAULT_MEASURES: readonly string[] = MEASURES.filter(
  ({ family, forward }) => family?.id !== "scaled" && forward !== "excess",
).map(({ id }) => id);

/** A measure was asked for that does not exist. */
export class UnknownMeasureError extends PlateauError {}

/** The measures with these ids, in the registry's order; `loss` is always among them. */
export function selectMeasures(ids: readonly string[]): Measure[] {
  const known = MEASURES.map(({ id }) => id);
  for (const id of ids) {
    if (!known.includes(id)) {
      throw new UnknownMeasureError(`There is no measure '${id}'. Choose among ${known.join(", ")}.`);
    }
  }
  return MEASURES.filter(({ id }) => id === loss.id || ids.includes(id));
}
