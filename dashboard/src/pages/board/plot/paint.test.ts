import { expect, test } from "vitest";
import { paintStamp, stampOf, type Surface } from "./paint.ts";

const surface = (width: number, height: number): Surface => ({
  width,
  height,
  data: new Uint8ClampedArray(4 * width * height),
});
const pixel = ({ width, data }: Surface, x: number, y: number) => [
  ...data.slice(4 * (y * width + x), 4 * (y * width + x) + 4),
];

/** One pixel in the middle of three by three. */
function dot(red: number, alpha: number) {
  const picture = surface(3, 3);
  picture.data.set([red, 0, 0, alpha], 4 * 4);
  return stampOf(picture);
}

test("a stamp lies around its place, and only its own pixels count", () => {
  const paper = surface(5, 5);
  expect(dot(200, 255).alpha).toHaveLength(1);
  paintStamp(paper, dot(200, 255), 2.5, 1.5);
  expect(pixel(paper, 2, 1)).toEqual([200, 0, 0, 255]);
  expect(paper.data.filter((value) => value > 0)).toHaveLength(2);
});

test("what lies over is mixed with what lies under, as the canvas does (source-over)", () => {
  const paper = surface(1, 1);
  paintStamp(paper, dot(200, 255), 0.5, 0.5);
  paintStamp(paper, dot(100, 51), 0.5, 0.5);
  expect(pixel(paper, 0, 0)).toEqual([180, 0, 0, 255]);
  const clear = surface(1, 1);
  paintStamp(clear, dot(100, 51), 0.5, 0.5);
  expect(pixel(clear, 0, 0)).toEqual([100, 0, 0, 51]);
  paintStamp(clear, dot(200, 51), 0.5, 0.5);
  expect(pixel(clear, 0, 0)).toEqual([156, 0, 0, 92]);
});

test("what lies outside is cut off", () => {
  const paper = surface(2, 2);
  for (const [x, y] of [
    [-5, 0],
    [0, 9],
    [2.5, 0.5],
    [0.5, -0.5],
  ] as const)
    paintStamp(paper, dot(9, 255), x, y);
  expect(paper.data.every((value) => value === 0)).toBe(true);
});
