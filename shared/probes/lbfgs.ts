/**
 * L-BFGS (Nocedal & Wright, *Numerical Optimization*, 2nd ed., algorithm 7.4). The state is in double precision
 * whatever the objective computes in.
 */
import { PlateauError } from "../errors.ts";
import {
  addScaled,
  difference,
  dot,
  isFiniteEvaluation,
  largest,
  lineSearch,
  norm,
  type Objective,
} from "./lbfgs-line-search.ts";

export interface LbfgsOptions {
  /** Correction pairs kept. */
  readonly memory?: number;
  /** Converged when no component of the gradient is larger. */
  readonly gradientTolerance?: number;
  /** Converged when `PATIENCE` iterations together lower the value by less than this share of it. */
  readonly decreaseTolerance?: number;
  readonly maxIterations?: number;
  /** Rounding error of a value, relative to the larger of it and 1. */
  readonly valueNoise?: number;
}

/** Why the iterations ended: the first two are convergence. */
export type Stop = "gradient" | "decrease" | "line-search" | "iterations";

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  /** Largest component of the gradient. */
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly evaluations: number;
  readonly converged: boolean;
  readonly stop: Stop;
}

/** The objective or its gradient is not a finite number at the starting point. */
export class ObjectiveError extends PlateauError {}

/** One short step is no sign of a minimum; several in a row are. */
const PATIENCE = 5;

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/**
 * A local minimum of `objective` from `start`, which is left unchanged. For a convex objective it is the minimum.
 *
 * @throws ObjectiveError where the objective is not finite at `start`; later such values only shorten the step.
 */
export async function minimise(
  objective: Objective,
  start: Float64Array,
  {
    memory = 10,
    gradientTolerance = 1e-5,
    decreaseTolerance = 1e-9,
    maxIterations = 1000,
    valueNoise = 0,
  }: LbfgsOptions = {},
): Promise<Minimum> {
  let point: Float64Array = start.slice();
  let { value, gradient } = await objective(point);
  if (!isFiniteEvaluation({ value, gradient })) {
    throw new ObjectiveError(
      `The objective is ${value} at the starting point; check the data it is made of.`,
    );
  }
  const pairs: Pair[] = [];
  const direction = new Float64Array(point.length);
  let spare: Pick<Pair, "s" | "y"> = newPair(point.length);
  const values = [value];
  let evaluations = 1;
  let iterations = 0;

  const stopped = (): Stop | null => {
    if (largest(gradient) <= gradientTolerance) return "gradient";
    const before = values.at(-1 - PATIENCE);
    if (before !== undefined && before - value <= decreaseTolerance * Math.abs(value)) return "decrease";
    return iterations >= maxIterations ? "iterations" : null;
  };
  const finish = (stop: Stop): Minimum => ({
    point,
    value,
    gradientNorm: largest(gradient),
    iterations,
    evaluations,
    converged: stop === "gradient" || stop === "decrease",
    stop,
  });

  for (let stop = stopped(); ; stop = stopped()) {
    if (stop) return finish(stop);
    descentDirection(gradient, pairs, direction);
    const step = await lineSearch(objective, point, { value, gradient }, direction, {
      // Without curvature pairs the gradient's length says nothing about distances: start with a short step.
      first: pairs.length > 0 ? 1 : Math.min(1, 1 / norm(gradient)),
      noise: valueNoise * Math.max(1, Math.abs(value)),
    });
    evaluations += step.evaluations;
    const { s, y } = spare;
    difference(step.point, point, s);
    if (!step.found || dot(s, s) === 0) {
      if (pairs.length === 0) return finish("line-search");
      // Old curvature can mislead: try once more along the gradient itself.
      pairs.length = 0;
      continue;
    }
    difference(step.gradient, gradient, y);
    const curvature = dot(s, y);
    if (curvature > 1e-12 * norm(s) * norm(y)) {
      pairs.push({ s, y, rho: 1 / curvature });
      // The oldest pair makes room for the next one.
      spare = pairs.length > memory ? pairs.shift()! : newPair(point.length);
    }
    ({ point, value, gradient } = step);
    values.push(value);
    iterations++;
  }
}

const newPair = (length: number) => ({ s: new Float64Array(length), y: new Float64Array(length) });

/** q ← −H∇f by the two-loop recursion, H₀ = (sᵀy / yᵀy) I of the latest pair. */
function descentDirection(gradient: Float64Array, pairs: readonly Pair[], q: Float64Array): void {
  q.set(gradient);
  const alphas: number[] = [];
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, rho } = pairs[i]!;
    const alpha = rho * dot(s, q);
    alphas[i] = alpha;
    addScaled(q, y, -alpha);
  }
  const latest = pairs.at(-1);
  const gamma = latest ? 1 / (latest.rho * dot(latest.y, latest.y)) : 1;
  for (let j = 0; j < q.length; j++) q[j]! *= gamma;
  pairs.forEach(({ s, y, rho }, i) => addScaled(q, s, alphas[i]! - rho * dot(y, q)));
  for (let j = 0; j < q.length; j++) q[j] = -q[j]!;
}
