import { expect, test } from "vitest";
import type { Objective } from "./lbfgs-line-search.ts";
import { minimise, ObjectiveError } from "./lbfgs.ts";

const rosenbrock: Objective = (point) => {
  const [x, y] = point as unknown as [number, number];
  const value = (1 - x) ** 2 + 100 * (y - x * x) ** 2;
  return { value, gradient: Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)) };
};

/** ½ Σ_j s_j (x_j − 1)². */
const quadratic =
  (curvatures: readonly number[]): Objective =>
  (point) => ({
    value: curvatures.reduce((sum, s, j) => sum + (s / 2) * (point[j]! - 1) ** 2, 0),
    gradient: Float64Array.from(curvatures, (s, j) => s * (point[j]! - 1)),
  });

test("finds the end of Rosenbrock's valley", async () => {
  const start = Float64Array.of(-1.2, 1);
  const minimum = await minimise(rosenbrock, start, { gradientTolerance: 1e-9 });
  expect(minimum).toMatchObject({ converged: true, stop: "gradient" });
  expect(minimum.point[0]).toBeCloseTo(1, 8);
  expect(minimum.point[1]).toBeCloseTo(1, 8);
  expect(minimum.iterations).toBeLessThan(60);
  expect([...start]).toEqual([-1.2, 1]);
});

test("minimises a quadratic of curvatures from 0.03 to 30", async () => {
  const curvatures = Array.from({ length: 30 }, (_, j) => 10 ** (-1.5 + (3 * j) / 29));
  const minimum = await minimise(quadratic(curvatures), new Float64Array(30), { gradientTolerance: 1e-8 });
  expect(minimum.converged).toBe(true);
  minimum.point.forEach((x) => expect(x).toBeCloseTo(1, 4));
});

test("stays where the objective is finite", async () => {
  // x − ln x has its minimum at 1, and no value below 0: long steps lead there.
  const barrier: Objective = ([x]) => ({ value: x! - Math.log(x!), gradient: Float64Array.of(1 - 1 / x!) });
  const { point, converged } = await minimise(barrier, Float64Array.of(1e-3), { gradientTolerance: 1e-8 });
  expect(converged).toBe(true);
  expect(point[0]).toBeCloseTo(1, 7);
});

test("converges on values rounded to single precision", async () => {
  const rounded: Objective = async (point) => {
    const { value, gradient } = await quadratic([0.01, 1, 100])(point);
    return { value: Math.fround(3 + value), gradient: gradient.map(Math.fround) };
  };
  const start = Float64Array.of(30, -20, 10);
  const minimum = await minimise(rounded, start, { gradientTolerance: 1e-7, valueNoise: 1e-7 });
  expect(minimum.converged).toBe(true);
  minimum.point.forEach((x) => expect(x).toBeCloseTo(1, 2));
});

test("says when iterations run out", async () => {
  const minimum = await minimise(rosenbrock, Float64Array.of(-1.2, 1), { maxIterations: 3 });
  expect(minimum).toMatchObject({ converged: false, stop: "iterations", iterations: 3 });
});

test("says when no step descends", async () => {
  // The gradient points the wrong way.
  const wrong: Objective = ([x]) => ({ value: x! ** 2, gradient: Float64Array.of(-2 * x!) });
  const minimum = await minimise(wrong, Float64Array.of(1));
  expect(minimum).toMatchObject({ converged: false, stop: "line-search" });
  expect(minimum.point[0]).toBe(1);
});

test("a start at the minimum is the answer", async () => {
  const minimum = await minimise(quadratic([1, 2]), Float64Array.of(1, 1));
  expect(minimum).toMatchObject({ converged: true, iterations: 0, evaluations: 1, gradientNorm: 0 });
});

test.each([NaN, Infinity])("refuses to start at %s", async (value) => {
  const objective: Objective = () => ({ value, gradient: Float64Array.of(0) });
  await expect(minimise(objective, Float64Array.of(1))).rejects.toThrow(ObjectiveError);
  const steep: Objective = () => ({ value: 0, gradient: Float64Array.of(value) });
  await expect(minimise(steep, Float64Array.of(1))).rejects.toThrow(ObjectiveError);
});
