/** Results of the visitor's own on the plot: stars with their names, over the points of the board. */
import { OWN_SHAPE } from "../../../board/marks.ts";
import { FONT, type Palette } from "./draw.ts";
import { xPixel, yPixel, type Scene } from "./scene.ts";

interface Coordinate {
  readonly value: number;
  /** One standard error; NaN where there is none. */
  readonly error: number;
}

export interface OwnPoint {
  readonly name: string;
  readonly x: Coordinate;
  readonly y: Coordinate;
  /** Whether its loss lies outside of the window: the star is hollow. */
  readonly apart: boolean;
}

const LONGEST_LABEL = 28;

export function drawOwn(
  context: CanvasRenderingContext2D,
  scene: Scene,
  points: readonly OwnPoint[],
  palette: Palette,
): void {
  context.save();
  context.font = FONT;
  context.textBaseline = "middle";
  context.lineJoin = "round";
  for (const [i, { name, x, y, apart }] of points.entries()) {
    const [left, up] = [acrossOf(scene, x.value), heightOf(scene, y.value)];
    // A logarithm has no place for it.
    if (Number.isNaN(left + up)) continue;
    drawBar(
      context,
      palette,
      [acrossOf(scene, x.value - x.error), up],
      [acrossOf(scene, x.value + x.error), up],
    );
    drawBar(
      context,
      palette,
      [left, heightOf(scene, y.value - y.error)],
      [left, heightOf(scene, y.value + y.error)],
    );
    drawStar(context, palette, left, up, apart);
    // Every other one below its star: there are mostly few.
    drawLabel(context, scene, palette, name, left, up + (i % 2 === 0 ? -13 : 14));
  }
  context.restore();
}

const acrossOf = (scene: Scene, value: number) => xPixel(scene, scene.xAxis.position(value));
const heightOf = (scene: Scene, value: number) => yPixel(scene, scene.yAxis.position(value));

function drawBar(
  context: CanvasRenderingContext2D,
  { ink }: Palette,
  from: readonly [x: number, y: number],
  to: readonly [x: number, y: number],
): void {
  if ([...from, ...to].some(Number.isNaN)) return;
  context.strokeStyle = ink;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

function drawStar(
  context: CanvasRenderingContext2D,
  { ink, surface }: Palette,
  x: number,
  y: number,
  hollow: boolean,
): void {
  const path = new Path2D();
  path.addPath(new Path2D(OWN_SHAPE), new DOMMatrix([1.15, 0, 0, 1.15, x, y]));
  context.strokeStyle = surface;
  context.lineWidth = 4;
  context.stroke(path);
  context.fillStyle = hollow ? surface : ink;
  context.fill(path);
  context.strokeStyle = ink;
  context.lineWidth = 1.4;
  context.stroke(path);
}

function drawLabel(
  context: CanvasRenderingContext2D,
  { frame }: Scene,
  { ink, surface }: Palette,
  name: string,
  x: number,
  y: number,
): void {
  // What tells checkpoints of a run apart stands at the end of their names.
  const text = name.length > LONGEST_LABEL ? `…${name.slice(1 - LONGEST_LABEL)}` : name;
  const toLeft = x + 5 + context.measureText(text).width > frame.width - frame.right;
  context.textAlign = toLeft ? "right" : "left";
  const at = x + (toLeft ? -5 : 5);
  context.strokeStyle = surface;
  context.lineWidth = 3;
  context.strokeText(text, at, y);
  context.fillStyle = ink;
  context.fillText(text, at, y);
}
