import { requireLength, StatisticsInputError } from "./error.ts";

/** Which run each checkpoint comes from, and which family each run belongs to. */
export interface Grouping {
  /** Index of the run, by checkpoint. */
  readonly runOf: readonly number[];
  /** Index of the stratum, by run: only checkpoints of one stratum are compared with each other. */
  readonly stratumOf: readonly number[];
  /** Whether a stratum is a single run, so that two copies of a run in a resample are two strata. */
  readonly stratumIsRun: boolean;
}

/** What is compared with what: all checkpoints, those of one family, those of one run. */
export type Scope = "all" | "family" | "run";

/**
 * Groups checkpoints; runs are numbered in the order of their names, so that results do not depend on the order of rows.
 *
 * @throws {StatisticsInputError} where a run belongs to two families, or families are asked for and absent.
 */
export function groupCheckpoints(
  runs: readonly string[],
  families: readonly string[] | undefined,
  scope: Scope,
): Grouping {
  const names = distinct(runs);
  const runOf = indices(runs, names);
  if (scope === "all") return { runOf, stratumOf: names.map(() => 0), stratumIsRun: false };
  if (scope === "run") return { runOf, stratumOf: names.map((_, run) => run), stratumIsRun: true };
  if (families === undefined)
    throw new StatisticsInputError("No families given, which within-family values need.");
  const familyNames = distinct(families);
  const familyOf = indices(families, familyNames);
  const stratumOf = new Array<number>(names.length).fill(-1);
  runOf.forEach((run, i) => (stratumOf[run] = familyOf[i]!));
  return { runOf, stratumOf, stratumIsRun: false };
}

/** Throws where a run is in two families: a within-family comparison would then tear the run apart. */
export function requireNested(runs: readonly string[], families: readonly string[]): void {
  requireLength("families", families.length, runs.length, "runs.");
  const familyOf = new Map<string, string>();
  runs.forEach((run, i) => {
    const known = familyOf.get(run);
    if (known !== undefined && known !== families[i])
      throw new StatisticsInputError(
        `Run "${run}" is in the families "${known}" and "${families[i]}"; give each run one family, or its parts different run names.`,
      );
    familyOf.set(run, families[i]!);
  });
}

/** Positions of checkpoints that have another one in their stratum; the others say nothing about it. */
export function comparable(
  runs: readonly string[],
  families: readonly string[] | undefined,
  scope: Scope,
): number[] {
  const all = runs.map((_, i) => i);
  if (scope === "all") return all;
  const labels = scope === "run" ? runs : (families ?? []);
  const sizes = new Map<string, number>();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  return all.filter((i) => sizes.get(labels[i]!)! > 1);
}

function distinct(labels: readonly string[]): string[] {
  return [...new Set(labels)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function indices(labels: readonly string[], names: readonly string[]): number[] {
  const index = new Map(names.map((name, i) => [name, i]));
  return labels.map((label) => index.get(label)!);
}
