import { expect, test } from "vitest";
import { RandomStream } from "../random.ts";
import { argmax, Categorical, entropyOf } from "./language.ts";

test("entropy in nats", () => {
  expect(entropyOf([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(Math.log(4), 15);
  expect(entropyOf([0.5, 0, 0.25, 0.25])).toBeCloseTo(1.5 * Math.LN2, 15);
  expect(entropyOf([0, 1, 0])).toBe(0);
});

test("argmax takes the first of equals", () => {
  expect(argmax([1, 3, 3, 2])).toBe(1);
  expect(argmax(new Float64Array([-2, -1]))).toBe(1);
});

/** A stream of one number: the ends of the range come up too rarely to wait for. */
class Constant extends RandomStream {
  private readonly value: number;
  constructor(value: number) {
    super(0);
    this.value = value;
  }
  override uniform(): number {
    return this.value;
  }
}

test("what has no weight is never drawn, not even at the ends of the range", () => {
  for (const weights of [
    [0, 1, 0, 2, 0],
    [0, 0, 1e-300, 0],
    [1, 0],
    [0.1, 0.2, 0.3, 0],
  ]) {
    const choice = new Categorical(weights);
    expect(choice.draw(new Constant(0))).toBe(weights.findIndex((weight) => weight > 0));
    expect(choice.draw(new Constant(1 - 2 ** -53))).toBe(weights.findLastIndex((weight) => weight > 0));
  }
  expect(new Categorical([1, 1, 2]).draw(new Constant(0.5))).toBe(2);
});
