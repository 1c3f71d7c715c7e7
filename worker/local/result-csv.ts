/** Results as tidy CSV: a row a measure, where traces were split a row a tensor, and a row a score of each task. */
import { csvCell, type Cell } from "../../shared/api/csv.ts";
import type { Result } from "../../shared/evaluate/result-schema.ts";

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

type Row = Partial<Record<(typeof COLUMNS)[number], Cell | undefined>>;

/** The whole file, with a line of column names. */
export function resultCsv(results: readonly Result[]): string {
  const lines = results
    .flatMap(rowsOf)
    .map((row) => COLUMNS.map((column) => csvCell(row[column] ?? null)).join(","));
  return [COLUMNS.join(","), ...lines, ""].join("\n");
}

function rowsOf(result: Result): Row[] {
  const { checkpoint, corpus, seed, measures } = result;
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
  const measureRows = Object.entries(measures).flatMap(([id, measure]): Row[] => {
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
  return [...measureRows, ...taskRows(result).map((row) => ({ ...common, ...row }))];
}

type Score =
  | { readonly value: number; readonly standardError: number | null }
  | { readonly value: null; readonly reason: string };

/** What is right, as shares from 0 to 1; differences of them; codelengths in bits. */
function taskRows({ probes = {}, zeroShot = {} }: Result): Row[] {
  const row = (measure: string, score: Score, unit: string): Row =>
    score.value === null
      ? { measure, reason: score.reason }
      : { measure, value: score.value, standard_error: score.standardError, unit };
  const notRun = (id: string, reason: string) => [row(`${id} accuracy`, { value: null, reason }, "")];
  const probeRows = Object.entries(probes).flatMap(([id, probe]) => {
    if (!probe.accuracy) return notRun(id, probe.reason);
    const random: Score = probe.randomBaseline.accuracy
      ? probe.randomBaseline.gain
      : { value: null, reason: probe.randomBaseline.reason };
    return [
      row(`${id} accuracy`, probe.accuracy, "share"),
      row(`${id} macro-F1`, probe.macroF1, "share"),
      row(`${id} codelength`, probe.codelength, "bits"),
      row(`${id} selectivity`, probe.selectivity, "share"),
      row(`${id} gain over one-hot words`, probe.oneHotBaseline.gain, "share"),
      row(`${id} gain over random weights`, random, "share"),
    ];
  });
  const zeroShotRows = Object.entries(zeroShot).flatMap(([id, task]) =>
    task.accuracy ? [row(`${id} accuracy`, task.accuracy, "share")] : notRun(id, task.reason),
  );
  return [...probeRows, ...zeroShotRows];
}
