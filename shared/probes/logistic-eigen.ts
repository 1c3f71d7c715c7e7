/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder tridiagonalisation and QL iterations with implicit
 * shifts (Golub & Van Loan, *Matrix Computations*, 4th ed., §8.3), O(d³): 0.1 s for d = 256.
 */

export interface Eigen {
  /** [d], in no particular order. */
  readonly values: Float64Array;
  /** [d · d], row k is the unit eigenvector of `values[k]`. */
  readonly vectors: Float64Array;
}

/** An eigenvalue takes two or three. */
const MAX_ITERATIONS = 100;

/**
 * Step by step, each of some milliseconds: other work of the thread may be done in between.
 *
 * @param matrix symmetric [d · d], finite; it is left unchanged.
 */
export function* symmetricEigenSteps(matrix: Float64Array, d: number): Generator<void, Eigen> {
  const { diagonal, offDiagonal, vectors } = yield* tridiagonalise(matrix.slice(), d);
  yield* iterateQl(diagonal, offDiagonal, vectors, d);
  return { values: diagonal, vectors };
}

/** All steps at once. */
export function symmetricEigen(matrix: Float64Array, d: number): Eigen {
  const steps = symmetricEigenSteps(matrix, d);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Rows, columns or eigenvalues a step. */
const STEP = 16;

/** A = Uᵀ T U with T tridiagonal; the rows of U become the eigenvectors. */
function* tridiagonalise(a: Float64Array, d: number) {
  const reflections: { v: Float64Array; beta: number }[] = [];
  for (let k = 0; k < d - 2; k++) {
    if (k % STEP === 0) yield;
    // v reflects the column below the diagonal onto its first entry.
    const v = new Float64Array(d);
    let tail = 0;
    for (let i = k + 1; i < d; i++) v[i] = a[i * d + k]!;
    for (let i = k + 2; i < d; i++) tail += v[i]! ** 2;
    if (tail === 0) {
      reflections.push({ v, beta: 0 });
      continue;
    }
    const head = v[k + 1]!;
    const length = Math.sqrt(head ** 2 + tail);
    v[k + 1] = head <= 0 ? head - length : head + length;
    const beta = 2 / (v[k + 1]! ** 2 + tail);
    reflections.push({ v, beta });
    a[(k + 1) * d + k] = head <= 0 ? length : -length;

    // The rest becomes A − v wᵀ − w vᵀ.
    const w = new Float64Array(d);
    let overlap = 0;
    for (let i = k + 1; i < d; i++) {
      w[i] = beta * rowDot(a, i * d, v, k + 1, d);
      overlap += w[i]! * v[i]!;
    }
    for (let i = k + 1; i < d; i++) w[i]! -= (beta / 2) * overlap * v[i]!;
    for (let i = k + 1; i < d; i++) {
      const [vi, wi] = [v[i]!, w[i]!];
      for (let j = k + 1; j < d; j++) a[i * d + j]! -= vi * w[j]! + wi * v[j]!;
    }
  }
  const diagonal = Float64Array.from({ length: d }, (_, i) => a[i * d + i]!);
  const offDiagonal = Float64Array.from({ length: d }, (_, i) => (i < d - 1 ? a[(i + 1) * d + i]! : 0));
  return { diagonal, offDiagonal, vectors: yield* accumulate(reflections, d) };
}

/** The product of the reflections, transposed, from the last to the first: zeros stay zeros as long as they can. */
function* accumulate(
  reflections: readonly { v: Float64Array; beta: number }[],
  d: number,
): Generator<void, Float64Array> {
  const u = new Float64Array(d * d);
  for (let i = 0; i < d; i++) u[i * d + i] = 1;
  for (let k = reflections.length - 1; k >= 0; k--) {
    if (k % STEP === 0) yield;
    const { v, beta } = reflections[k]!;
    for (let row = k + 1; row < d; row++) {
      const scale = beta * rowDot(u, row * d, v, k + 1, d);
      for (let j = k + 1; j < d; j++) u[row * d + j]! -= scale * v[j]!;
    }
  }
  return u;
}

/** Σ_j row_j v_j over from ≤ j < to, in four sums, because each addition would wait for the one before it. */
function rowDot(values: Float64Array, row: number, v: Float64Array, from: number, to: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let j = from;
  for (; j + 3 < to; j += 4) {
    s0 += values[row + j]! * v[j]!;
    s1 += values[row + j + 1]! * v[j + 1]!;
    s2 += values[row + j + 2]! * v[j + 2]!;
    s3 += values[row + j + 3]! * v[j + 3]!;
  }
  for (; j < to; j++) s0 += values[row + j]! * v[j]!;
  return s0 + s1 + (s2 + s3);
}

/** Rotates the tridiagonal matrix to a diagonal one, and the rows of `vectors` with it. */
function* iterateQl(
  diagonal: Float64Array,
  off: Float64Array,
  vectors: Float64Array,
  d: number,
): Generator<void, void> {
  for (let l = 0; l < d; l++) {
    if (l % STEP === 0) yield;
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (
        m < d - 1 &&
        Math.abs(off[m]!) > Number.EPSILON * (Math.abs(diagonal[m]!) + Math.abs(diagonal[m + 1]!))
      )
        m++;
      if (m === l || iteration === MAX_ITERATIONS) break;
      // Wilkinson's shift.
      let g = (diagonal[l + 1]! - diagonal[l]!) / (2 * off[l]!);
      g = diagonal[m]! - diagonal[l]! + off[l]! / (g + Math.sign(g || 1) * Math.sqrt(g * g + 1));
      let [sine, cosine, shift] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = sine * off[i]!;
        const b = cosine * off[i]!;
        const r = Math.sqrt(f * f + g * g);
        off[i + 1] = r;
        if (r === 0) {
          // The matrix splits here.
          diagonal[i + 1]! -= shift;
          off[m] = 0;
          break;
        }
        sine = f / r;
        cosine = g / r;
        const p = diagonal[i + 1]! - shift;
        const q = (diagonal[i]! - p) * sine + 2 * cosine * b;
        shift = sine * q;
        diagonal[i + 1] = p + shift;
        g = cosine * q - b;
        rotateRows(vectors, i * d, (i + 1) * d, d, cosine, sine);
      }
      if (i >= l) continue;
      diagonal[l]! -= shift;
      off[l] = g;
      off[m] = 0;
    }
  }
}

function rotateRows(
  values: Float64Array,
  low: number,
  high: number,
  d: number,
  cosine: number,
  sine: number,
): void {
  for (let k = 0; k < d; k++) {
    const h = values[high + k]!;
    const l = values[low + k]!;
    values[high + k] = sine * l + cosine * h;
    values[low + k] = cosine * l - sine * h;
  }
}
