import { expect, test } from "vitest";
import { projectionMatrix } from "./projection.ts";

const options = { seed: 1, positions: 3, width: 5, dimensions: 200 };

test("entries are ±1/√dimensions, half of them negative", () => {
  const matrix = projectionMatrix({ ...options, positions: 8, width: 64 });
  const size = Math.fround(1 / Math.sqrt(200));
  expect(matrix.every((value) => Math.abs(value) === size)).toBe(true);
  const sum = matrix.reduce((total, value) => total + value / size, 0);
  expect(Math.abs(sum)).toBeLessThan(4 * Math.sqrt(matrix.length));
});

test("a row depends on seed, position and channel alone", () => {
  const matrix = projectionMatrix(options);
  const larger = projectionMatrix({ ...options, positions: 4, width: 9 });
  for (let t = 0; t < 3; t++) {
    for (let j = 0; j < 5; j++) {
      const row = (values: Float32Array, at: number) => values.slice(at * 200, (at + 1) * 200);
      expect(row(larger, t * 9 + j)).toEqual(row(matrix, t * 5 + j));
    }
  }
  expect(projectionMatrix({ ...options, seed: 2 })).not.toEqual(matrix);
  expect(projectionMatrix({ ...options, seed: 1 + 2 ** 32 })).not.toEqual(matrix);
});

test("rows and columns are uncorrelated", () => {
  const matrix = projectionMatrix({ seed: 4, positions: 2, width: 64, dimensions: 256 });
  const products: number[] = [];
  for (let a = 0; a < 128; a++) {
    for (let b = 0; b < a; b++) {
      let product = 0;
      for (let k = 0; k < 256; k++) product += matrix[a * 256 + k]! * matrix[b * 256 + k]!;
      products.push(product);
    }
  }
  // Each is a mean of 256 signs: variance 1/256; the largest of 8128 stays below 5 deviations.
  const variance = products.reduce((sum, value) => sum + value * value, 0) / products.length;
  expect(variance * 256).toBeGreaterThan(0.9);
  expect(variance * 256).toBeLessThan(1.1);
  expect(Math.max(...products.map(Math.abs))).toBeLessThan(5 / 16);
});
