/**
 * Points as pixels. Ten thousand calls of `drawImage` take the canvas 60 ms without a GPU, and objects of a plotting
 * library ten times that; writing the pixels takes 3.
 */

/** What is painted on, as `ImageData` has it; every pixel is opaque. */
export interface Surface {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** A picture of a mark, in device pixels: those that are not empty. */
export interface Stamp {
  /** Pixels of a side. */
  readonly side: number;
  readonly x: Uint8Array;
  readonly y: Uint8Array;
  /** Four bytes each, not premultiplied, as `ImageData` has them. */
  readonly colours: Uint32Array;
}

export function stampOf({ width: side, data }: Pick<Surface, "width" | "data">): Stamp {
  const filled = Array.from({ length: side * side }, (_, i) => i).filter((i) => data[4 * i + 3]! > 0);
  const whole = new Uint32Array(data.slice().buffer);
  return {
    side,
    x: Uint8Array.from(filled, (i) => i % side),
    y: Uint8Array.from(filled, (i) => Math.floor(i / side)),
    colours: Uint32Array.from(filled, (i) => whole[i]!),
  };
}

/** Lays stamps over what is there, in order. @returns a function that lays one with its middle at (x, y) device pixels. */
export function painter({ width, height, data }: Surface): (stamp: Stamp, x: number, y: number) => void {
  const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
  return ({ side, x: columns, y: rows, colours }, x, y) => {
    const left = Math.round(x - side / 2);
    const top = Math.round(y - side / 2);
    const inside = left >= 0 && top >= 0 && left + side <= width && top + side <= height;
    for (let i = 0; i < colours.length; i++) {
      const column = left + columns[i]!;
      const row = top + rows[i]!;
      if (!inside && (column < 0 || row < 0 || column >= width || row >= height)) continue;
      const at = row * width + column;
      const colour = colours[i]!;
      pixels[at] = colour >>> 24 === 255 ? colour : mixed(colour, pixels[at]!);
    }
  };
}

/**
 * `over` laid over `under`, which is opaque (source-over), red and blue in one multiplication: all current machines are
 * little-endian, with red as the lowest byte and alpha as the highest. Shares are of 256, so that dividing is a shift.
 */
function mixed(over: number, under: number): number {
  const alpha = over >>> 24;
  const share = alpha + (alpha >>> 7);
  const rest = 256 - share;
  const redBlue = ((over & 0xff00ff) * share + (under & 0xff00ff) * rest) >>> 8;
  const green = ((over & 0xff00) * share + (under & 0xff00) * rest) >>> 8;
  return ((redBlue & 0xff00ff) | (green & 0xff00) | 0xff000000) >>> 0;
}
