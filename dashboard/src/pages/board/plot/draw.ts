/** What the plot draws on its canvases. */
import { SHAPES, type Mark, type Marks } from "../../../board/marks.ts";
import { painter, stampOf, type Stamp, type Surface } from "./paint.ts";
import { xPixel, yPixel, type Scene } from "./scene.ts";

export interface Palette {
  readonly surface: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly accent: string;
  /** --data-1 to --data-8. */
  readonly data: readonly string[];
}

/** More points than these have no error bars of their own: they would be one blot. */
export const MOST_BARS = 400;
/** Points are smaller where there are more of them. */
export const SMALLER_FROM = 1500;
export const FONT = '11px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';

/** Colours as the canvas needs them: what custom properties come to on the page, in the theme that is shown. */
export function paletteOf(element: HTMLElement): Palette {
  const sample = document.createElement("span");
  element.append(sample);
  const colour = (name: string) => {
    sample.style.color = `var(--${name})`;
    return getComputedStyle(sample).color;
  };
  const palette = {
    surface: colour("surface"),
    ink: colour("ink"),
    soft: colour("ink-soft"),
    line: colour("line"),
    accent: colour("accent"),
    data: Array.from({ length: 8 }, (_, i) => colour(`data-${i + 1}`)),
  };
  sample.remove();
  return palette;
}

const pixelRatio = () => Math.min(2, devicePixelRatio);

/** A canvas fit for the screen's own pixels, cleared. */
export function prepared(
  canvas: HTMLCanvasElement,
  { width, height }: Scene["frame"],
): CanvasRenderingContext2D {
  const ratio = pixelRatio();
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function drawAxes(context: OffscreenCanvasRenderingContext2D, scene: Scene, { line, soft }: Palette): void {
  const { frame, xAxis, yAxis } = scene;
  context.font = FONT;
  context.fillStyle = soft;
  context.strokeStyle = line;
  context.lineWidth = 1;
  context.beginPath();
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const { value, label } of xAxis.ticks) {
    const x = Math.round(xPixel(scene, xAxis.position(value))) + 0.5;
    context.moveTo(x, frame.top);
    context.lineTo(x, frame.height - frame.bottom);
    context.fillText(label, x, frame.height - frame.bottom + 6);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const { value, label } of yAxis.ticks) {
    const y = Math.round(yPixel(scene, yAxis.position(value))) + 0.5;
    context.moveTo(frame.left, y);
    context.lineTo(frame.width - frame.right, y);
    context.fillText(label, frame.left - 6, y);
  }
  context.stroke();
}

/** Pictures of marks. @param alpha 1, or less for points that are only there for comparison. */
export function stamps(marks: Marks, { data, surface }: Palette, small: boolean, alpha = 1): Stamp[] {
  const ratio = pixelRatio();
  const scale = small ? 0.6 : 1;
  const side = Math.ceil(STAMP * scale * ratio);
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const drawn = new Map<string, Stamp>();
  return marks.categories.map(({ mark }) => {
    const key = `${mark.colour} ${mark.shape}`;
    let stamp = drawn.get(key);
    if (!stamp) {
      context.resetTransform();
      context.clearRect(0, 0, side, side);
      context.translate(side / 2, side / 2);
      context.scale(scale * ratio, scale * ratio);
      context.globalAlpha = alpha;
      shape(context, mark, data, alpha === 1 ? surface : null);
      stamp = stampOf(context.getImageData(0, 0, side, side));
      drawn.set(key, stamp);
    }
    return stamp;
  });
}

/** Side of a stamp, pixels. */
const STAMP = 13;

export function paintPoints(
  surface: Surface,
  { px, py }: Scene,
  rows: Int32Array,
  marks: Marks,
  pictures: readonly Stamp[],
): void {
  const ratio = pixelRatio();
  const paint = painter(surface);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!Number.isNaN(px[row]!)) paint(pictures[marks.of[row]!]!, px[row]! * ratio, py[row]! * ratio);
  }
}

/** The plot without its points, in device pixels, to be painted on. */
export function emptyPlot(scene: Scene, palette: Palette): ImageData {
  const ratio = pixelRatio();
  const [width, height] = [Math.round(scene.frame.width * ratio), Math.round(scene.frame.height * ratio)];
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, width, height);
  context.scale(ratio, ratio);
  drawAxes(context, scene, palette);
  return context.getImageData(0, 0, width, height);
}

/** One standard error to each side. */
export function drawBars(
  context: CanvasRenderingContext2D,
  scene: Scene,
  rows: Int32Array,
  marks: Marks,
  { data }: Palette,
): void {
  const { x, y, xAxis, yAxis, px, py, frame } = scene;
  context.save();
  context.beginPath();
  context.rect(
    frame.left,
    frame.top,
    frame.width - frame.left - frame.right,
    frame.height - frame.top - frame.bottom,
  );
  context.clip();
  context.lineWidth = 1;
  context.globalAlpha = 0.55;
  for (const row of rows) {
    if (Number.isNaN(px[row]!)) continue;
    context.beginPath();
    const [dx, dy] = [x.errors?.[row] ?? NaN, y.errors?.[row] ?? NaN];
    if (dx > 0) {
      const least = xAxis.position(x.numbers[row]! - dx);
      context.moveTo(Number.isNaN(least) ? frame.left : xPixel(scene, least), py[row]!);
      context.lineTo(xPixel(scene, xAxis.position(x.numbers[row]! + dx)), py[row]!);
    }
    if (dy > 0) {
      const least = yAxis.position(y.numbers[row]! - dy);
      context.moveTo(px[row]!, Number.isNaN(least) ? frame.height - frame.bottom : yPixel(scene, least));
      context.lineTo(px[row]!, yPixel(scene, yAxis.position(y.numbers[row]! + dy)));
    }
    context.strokeStyle = data[marks.categories[marks.of[row]!]!.mark.colour - 1]!;
    context.stroke();
  }
  context.restore();
}

/** A ring around points that are selected, or pointed at. */
export function drawRings(
  context: CanvasRenderingContext2D,
  { px, py }: Scene,
  rows: readonly number[],
  colour: string,
  radius: number,
): void {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  for (const row of rows) {
    if (Number.isNaN(px[row]!)) continue;
    context.beginPath();
    context.arc(px[row]!, py[row]!, radius, 0, 2 * Math.PI);
    context.stroke();
  }
}

function shape(
  context: OffscreenCanvasRenderingContext2D,
  mark: Mark,
  data: readonly string[],
  outline: string | null,
): void {
  const path = new Path2D(SHAPES[mark.shape]);
  if (outline !== null) {
    // Points that lie on each other stay apart.
    context.strokeStyle = outline;
    context.lineWidth = 1.5;
    context.stroke(path);
  }
  context.fillStyle = data[mark.colour - 1]!;
  context.fill(path);
}
