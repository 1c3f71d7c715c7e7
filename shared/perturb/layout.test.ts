import { expect, test } from "vitest";
import type { Tensor } from "../runtime.ts";
import { inferLayout } from "./layout.ts";

const T = 4;
const value = (example: number, position: number) => 10 * example + position;
const tensor = (dims: number[], values: number[]): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(values),
});
const examples = (n: number) => Array.from({ length: n }, (_, i) => i + (3 - n));
const positions = Array.from({ length: T }, (_, t) => t);

test("batched on any axis", () => {
  const make = (n: number) =>
    tensor(
      [T, n, 1],
      positions.flatMap((t) => examples(n).map((e) => value(e, t))),
    );
  expect(inferLayout(make(3), make(2))).toMatchObject({ kind: "batched", axis: 1, rank: 3 });
});

test("flattened, example by example or position by position", () => {
  const major = (n: number) =>
    tensor(
      [n * T, 1],
      examples(n).flatMap((e) => positions.map((t) => value(e, t))),
    );
  const minor = (n: number) =>
    tensor(
      [n * T, 1],
      positions.flatMap((t) => examples(n).map((e) => value(e, t))),
    );
  expect(inferLayout(major(3), major(2))).toMatchObject({ kind: "flattened", exampleMajor: true });
  expect(inferLayout(minor(3), minor(2))).toMatchObject({ kind: "flattened", exampleMajor: false });
});

test("unbatched, and what fits nothing", () => {
  const shared = tensor([1, T, 1], positions);
  expect(inferLayout(shared, shared)).toMatchObject({ kind: "unbatched", rank: 3 });
  expect(inferLayout(tensor([3, 3], Array(9).fill(0)), tensor([2, 2], Array(4).fill(0)))).toBeNull();
});
