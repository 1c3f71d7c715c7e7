import { expect, test } from "vitest";
import { nearest, neighbour } from "./scene.ts";

const scene = { px: Float32Array.of(10, 50, NaN, 50, 90), py: Float32Array.of(10, 50, NaN, 20, 90) };
const rows = Int32Array.of(4, 3, 2, 1, 0);

test("the nearest point within reach", () => {
  expect(nearest(scene, rows, 48, 48, 20)).toBe(1);
  expect(nearest(scene, rows, 48, 25, 20)).toBe(3);
  expect(nearest(scene, rows, 200, 200, 20)).toBeNull();
  expect(nearest(scene, Int32Array.of(0, 2), 48, 48, 20)).toBeNull();
});

test("from point to point, left to right, without those that are none", () => {
  expect(neighbour(scene, rows, null, 1)).toBe(0);
  expect(neighbour(scene, rows, null, -1)).toBe(4);
  expect(neighbour(scene, rows, 0, 1)).toBe(3);
  expect(neighbour(scene, rows, 3, 1)).toBe(1);
  expect(neighbour(scene, rows, 4, 1)).toBe(4);
  // A point that the filters took away.
  expect(neighbour(scene, Int32Array.of(1, 4), 0, 1)).toBe(1);
  expect(neighbour(scene, Int32Array.of(2), null, 1)).toBeNull();
});
