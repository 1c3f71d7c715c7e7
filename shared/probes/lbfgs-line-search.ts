/**
 * Line search for the weak Wolfe conditions by bracketing (Lewis & Overton, "Nonsmooth optimization via quasi-Newton
 * methods", 2013, algorithm 2.6): they ensure sᵀy > 0, and hence that quasi-Newton directions descend.
 *
 * Close to a minimum the rounding of a single-precision objective hides further decrease: there the approximate Wolfe
 * conditions take over, which look at slopes alone (Hager & Zhang, "A new conjugate gradient method", 2005, eq. 2.3).
 */

export interface Evaluation {
  readonly value: number;
  /** Of the length of the point; the optimiser keeps it, so it must be a new array each time. */
  readonly gradient: Float64Array;
}

export type Objective = (point: Float64Array) => Evaluation | Promise<Evaluation>;

const MAX_TRIALS = 40;
/** Armijo's and the curvature condition's constants, as usual for quasi-Newton methods. */
const C1 = 1e-4;
const C2 = 0.9;

export interface Step extends Evaluation {
  /** False where no trial lowered the value: the rest is as it was. */
  readonly found: boolean;
  readonly point: Float64Array;
  readonly evaluations: number;
}

/**
 * A step from `origin` along `direction`.
 *
 * @param first the step that is tried first, as a multiple of the direction.
 * @param noise rounding error of the objective's values.
 */
export async function lineSearch(
  objective: Objective,
  origin: Float64Array,
  { value: value0, gradient: gradient0 }: Evaluation,
  direction: Float64Array,
  { first, noise }: { first: number; noise: number },
): Promise<Step> {
  const slope0 = dot(gradient0, direction);
  let low = { t: 0, value: value0, slope: slope0 };
  let high: { t: number; value: number; slope: number } | null = null;
  let t = first;
  let best: Step = { found: false, point: origin, value: value0, gradient: gradient0, evaluations: 0 };
  // A direction that does not descend comes from rounding alone.
  const trials = slope0 < 0 ? MAX_TRIALS : 0;
  for (let trial = 1; trial <= trials; trial++) {
    const point = origin.slice();
    addScaled(point, direction, t);
    const { value, gradient } = await objective(point);
    const slope = dot(gradient, direction);
    best = { ...best, evaluations: trial };
    const armijo = value <= value0 + C1 * t * slope0;
    const approximate = value <= value0 + noise && slope <= (2 * C1 - 1) * slope0;
    if (!isFiniteEvaluation({ value, gradient }) || !(armijo || approximate)) {
      high = { t, value, slope };
    } else if (slope < C2 * slope0) {
      low = { t, value, slope };
      best = { found: true, point, value, gradient, evaluations: trial };
    } else {
      return { found: true, point, value, gradient, evaluations: trial };
    }
    t = high ? between(low, high) : 2 * t;
    if (t === low.t || t === high?.t) break;
  }
  return best;
}

/** The minimum of the cubic through both ends, kept away from them; their middle where there is none. */
function between(
  low: { t: number; value: number; slope: number },
  high: { t: number; value: number; slope: number },
): number {
  const width = high.t - low.t;
  const theta = (3 * (low.value - high.value)) / width + low.slope + high.slope;
  const gamma = Math.sqrt(theta * theta - low.slope * high.slope);
  const share = 1 - (high.slope + gamma - theta) / (high.slope - low.slope + 2 * gamma);
  return low.t + width * (Number.isFinite(share) ? Math.min(0.9, Math.max(0.1, share)) : 0.5);
}

export function isFiniteEvaluation({ value, gradient }: Evaluation): boolean {
  // A sum is finite only if its terms are, short of overflow; a test of each takes far longer.
  return Number.isFinite(value) && Number.isFinite(dot(gradient, gradient));
}

/** out ← a − b. */
export function difference(a: Float64Array, b: Float64Array, out: Float64Array): void {
  for (let j = 0; j < a.length; j++) out[j] = a[j]! - b[j]!;
}

export function addScaled(target: Float64Array, source: Float64Array, factor: number): void {
  for (let j = 0; j < target.length; j++) target[j]! += factor * source[j]!;
}

/** Four sums in turn, because each addition would wait for the one before it. */
export function dot(a: Float64Array, b: Float64Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const length = a.length;
  const fours = length - (length % 4);
  for (let j = 0; j < fours; j += 4) {
    s0 += a[j]! * b[j]!;
    s1 += a[j + 1]! * b[j + 1]!;
    s2 += a[j + 2]! * b[j + 2]!;
    s3 += a[j + 3]! * b[j + 3]!;
  }
  for (let j = fours; j < length; j++) s0 += a[j]! * b[j]!;
  return s0 + s1 + (s2 + s3);
}

export const norm = (a: Float64Array) => Math.sqrt(dot(a, a));

export function largest(a: Float64Array): number {
  let max = 0;
  for (let j = 0; j < a.length; j++) {
    const size = Math.abs(a[j]!);
    if (!(size <= max)) max = size;
  }
  return max;
}
