import * as fc from "fast-check";
import { expect, test } from "vitest";
import { painter, stampOf, type Surface } from "./paint.ts";

/** Black. */
function surface(width: number, height: number): Surface {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let at = 3; at < data.length; at += 4) data[at] = 255;
  return { width, height, data };
}

const pixel = ({ width, data }: Surface, x: number, y: number) => [
  ...data.slice(4 * (y * width + x), 4 * (y * width + x) + 4),
];

/** One pixel in the middle of three by three. */
function dot(...colour: readonly [red: number, green: number, blue: number, alpha: number]) {
  const data = new Uint8ClampedArray(36);
  data.set(colour, 4 * 4);
  return stampOf({ width: 3, data });
}

test("a stamp lies around its place, and only its own pixels count", () => {
  const paper = surface(5, 5);
  expect(dot(200, 0, 0, 255).colours).toHaveLength(1);
  painter(paper)(dot(200, 10, 20, 255), 2.5, 1.5);
  expect(pixel(paper, 2, 1)).toEqual([200, 10, 20, 255]);
  painter(paper)(dot(0, 0, 0, 255), 2.5, 1.5);
  expect(paper.data).toEqual(surface(5, 5).data);
});

test("what lies over is mixed with what lies under, to a level, as the canvas does (source-over)", () => {
  const byte = fc.nat(255);
  const colour = fc.tuple(byte, byte, byte);
  fc.assert(
    fc.property(colour, colour, byte, (under, over, alpha) => {
      const paper = surface(1, 1);
      painter(paper)(dot(...under, 255), 0.5, 0.5);
      painter(paper)(dot(...over, alpha), 0.5, 0.5);
      const expected = over.map((value, i) => (value * alpha + under[i]! * (255 - alpha)) / 255);
      pixel(paper, 0, 0).forEach((value, i) =>
        expect(Math.abs(value - (expected[i] ?? 255))).toBeLessThanOrEqual(1.5),
      );
    }),
  );
});

test("what lies outside is cut off", () => {
  const paper = surface(2, 2);
  const places = [
    [-5, 0],
    [0, 9],
    [2.5, 0.5],
    [0.5, -0.5],
  ] as const;
  for (const [x, y] of places) painter(paper)(dot(9, 9, 9, 255), x, y);
  expect(paper.data).toEqual(surface(2, 2).data);
});
