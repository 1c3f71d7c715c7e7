/** Whether a problem of logistic regression is one. */
import { checkClassCount, checkLabels, checkMatrix, ProbeDataError } from "./logistic-input.ts";
import type { LogisticProblem } from "./logistic-input.ts";

/** Throws `ProbeDataError` where sizes, labels or numbers are not what they should be. */
export function checkProblem({ features, labels, classes, l2, counts, scale, start }: LogisticProblem): void {
  checkMatrix(features);
  checkClassCount(classes);
  checkLabels(labels, classes, features.rows);
  if (!(l2 > 0 && Number.isFinite(l2))) {
    throw new ProbeDataError(
      `The L2 penalty is ${l2}; give a positive number, or the minimum may not exist.`,
    );
  }
  if (counts && counts.length !== features.rows) {
    throw new ProbeDataError(`There are ${counts.length} counts for ${features.rows} examples.`);
  }
  if (scale && scale.length !== features.columns) {
    throw new ProbeDataError(`There are ${scale.length} scales for ${features.columns} features.`);
  }
  if (start && (start.weights.length !== classes * features.columns || start.bias.length !== classes)) {
    throw new ProbeDataError("The starting point belongs to another number of classes or features.");
  }
}

/** [rows]: non-negative, with a positive sum. Throws `ProbeDataError` where they are not. */
export function exampleCounts({ features, counts }: LogisticProblem): Float64Array {
  const list = counts ? Float64Array.from(counts) : new Float64Array(features.rows).fill(1);
  if (list.some((count) => !(count >= 0 && Number.isFinite(count)))) {
    throw new ProbeDataError("An example's count is negative or not finite.");
  }
  if (!list.some((count) => count > 0)) {
    throw new ProbeDataError("No training example counts; give at least one.");
  }
  return list;
}

/** Classes that no counted example has. */
export function absentClasses(labels: ArrayLike<number>, counts: Float64Array, classes: number): number[] {
  const present = new Set<number>();
  counts.forEach((count, i) => count > 0 && present.add(labels[i]!));
  return Array.from({ length: classes }, (_, c) => c).filter((c) => !present.has(c));
}
