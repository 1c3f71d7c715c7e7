/** Results as tidy CSV: a row a measure, and where traces were split a row a tensor. */
import type { Result } from "../../shared/evaluate/result-schema.ts";

type Cell = string | number | null | undefined;

const COLUMNS = [
  "file",
  "sha256",
  "name",
  "run",
  "family",
  "step",
  "tokens",
  "parameters",
  "perturbed_parameters",
  "exact_parameters",
  "corpus_sha256",
  "objective",
  "seed",
  "measure",
  "tensor",
  "layer",
  "kind",
  "tensor_parameters",
  "exact",
  "value",
  "standard_error",
  "direction_error",
  "rounding_error",
  "step_bias",
  "largest_share",
  "directions",
  "epsilon",
  "unit",
  "reason",
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], Cell>>;

/** The whole file, with a line of column names. */
export function resultCsv(results: readonly Result[]): string {
  const lines = results.flatMap(rowsOf).map((row) => COLUMNS.map((column) => cell(row[column])).join(","));
  return [COLUMNS.join(","), ...lines, ""].join("\n");
}

function rowsOf({ checkpoint, corpus, seed, measures }: Result): Row[] {
  const { card } = checkpoint;
  const common: Row = {
    file: checkpoint.file,
    sha256: checkpoint.sha256,
    name: card?.name,
    run: card?.run,
    family: card?.family,
    step: card?.step,
    tokens: card?.tokens,
    parameters: checkpoint.parameters,
    perturbed_parameters: checkpoint.perturbedParameters,
    exact_parameters: checkpoint.exactParameters,
    corpus_sha256: corpus.sha256,
    objective: corpus.objective,
    seed,
  };
  return Object.entries(measures).flatMap(([id, measure]): Row[] => {
    if (measure.value === null) return [{ ...common, measure: id, reason: measure.reason }];
    const whole: Row = {
      ...common,
      measure: id,
      value: measure.value,
      standard_error: measure.standardError,
      direction_error: measure.directionError,
      rounding_error: measure.roundingError,
      step_bias: measure.stepBias,
      largest_share: measure.largestShare,
      directions: measure.directions,
      epsilon: measure.epsilon,
      unit: measure.unit,
    };
    const parts = (measure.perTensor ?? []).map(
      ({ name, layer, kind, parameters, value, directionError, exact }): Row => ({
        ...common,
        measure: id,
        tensor: name,
        layer,
        kind,
        tensor_parameters: parameters,
        exact: exact ? "yes" : "no",
        value,
        direction_error: directionError,
        epsilon: exact ? null : measure.epsilon,
        unit: measure.unit,
      }),
    );
    return [whole, ...parts];
  });
}

/** A cell that a spreadsheet shows as it is: text that would be taken for a formula is led by an apostrophe. */
export function cell(value: Cell): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
