/** What fits cost, in floating-point operations, by arithmetic: enough to cut them into pieces of a bearable length. */
import type { FitSpec } from "./fit-probe-spec.ts";
import type { ProbeTask } from "../suites/task.ts";

/**
 * Evaluations of loss and gradient that a fit takes, counted in passes over all training examples. On checkpoints of
 * the zoo main fits took 250 to 350 over six penalties, the others fewer than this.
 */
const PASSES: Readonly<Record<FitSpec["kind"], number>> = {
  main: 60,
  codelength: 60,
  resample: 30,
  control: 40,
};
/** Beyond it features are left on their own axes. */
const MAX_ROTATED = 512;
/** Of an eigendecomposition, in operations of JavaScript weighted by how much slower they are. */
const EIGEN = 100;

/** Of one fit on features of so many columns. */
export function fitOperations(fit: FitSpec, { train, classes }: ProbeTask, columns: number): number {
  const passes = PASSES[fit.kind] * (fit.kind === "main" ? fit.penalties.length : 1);
  return passes * 4 * train.length * columns * classes.length;
}

/** Of standardising features and turning them to their principal axes. */
export function preparationOperations({ train, validation, test }: ProbeTask, columns: number): number {
  const rows = train.length + validation.length + test.length;
  const axes = columns > MAX_ROTATED ? 0 : 2 * rows * columns ** 2 + EIGEN * columns ** 3;
  return 20 * rows * columns + axes;
}

const counted = new WeakMap<ProbeTask, number>();

/** Words at positions that some training sentence has: about as many columns as one-hot features have. */
export function oneHotColumns(task: ProbeTask): number {
  let columns = counted.get(task);
  if (columns === undefined) {
    const seen = new Set<string>();
    for (const { inputIds } of task.train) inputIds.forEach((id, t) => seen.add(`${t} ${id}`));
    columns = seen.size;
    counted.set(task, columns);
  }
  return columns;
}
