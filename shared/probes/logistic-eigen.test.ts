import { expect, test } from "vitest";
import { normalSource } from "../../test/support/random.ts";
import { symmetricEigen } from "./logistic-eigen.ts";

function randomSymmetric(d: number, rank = d): Float64Array {
  const normal = normalSource(d);
  const b = Float64Array.from({ length: rank * d }, normal);
  return Float64Array.from({ length: d * d }, (_, k) => {
    const [i, j] = [Math.floor(k / d), k % d];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += b[r * d + i]! * b[r * d + j]!;
    return sum;
  });
}

function expectDecomposition(a: Float64Array, d: number): Float64Array {
  const { values, vectors } = symmetricEigen(a, d);
  const scale = Math.max(1, ...a.map(Math.abs));
  for (let k = 0; k < d; k++) {
    for (let i = 0; i < d; i++) {
      let [product, overlap] = [0, 0];
      for (let j = 0; j < d; j++) {
        product += a[i * d + j]! * vectors[k * d + j]!;
        overlap += vectors[i * d + j]! * vectors[k * d + j]!;
      }
      expect(Math.abs(product - values[k]! * vectors[k * d + i]!)).toBeLessThan(1e-12 * scale * d);
      expect(Math.abs(overlap - (i === k ? 1 : 0))).toBeLessThan(1e-12);
    }
  }
  return values.sort();
}

test.each([1, 2, 3, 10, 60])("A v = λ v with orthonormal v, d = %i", (d) => {
  expectDecomposition(randomSymmetric(d), d);
});

test("a matrix of low rank, zero, a multiple of the identity, and one that splits", () => {
  const low = expectDecomposition(randomSymmetric(20, 3), 20);
  expect(low.filter((value) => value > 1e-10)).toHaveLength(3);
  expect([...expectDecomposition(new Float64Array(16), 4)]).toEqual([0, 0, 0, 0]);
  const identity = Float64Array.from({ length: 9 }, (_, k) => (k % 4 === 0 ? 5 : 0));
  expect([...expectDecomposition(identity, 3)]).toEqual([5, 5, 5]);
  const blocks = Float64Array.of(2, 1, 0, 0, 1, 2, 0, 0, 0, 0, 2, 1, 0, 0, 1, 2);
  expectDecomposition(blocks, 4).forEach((value, k) => expect(value).toBeCloseTo([1, 1, 3, 3][k]!, 12));
});
