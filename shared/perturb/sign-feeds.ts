/** Fills the random inputs of a rewritten graph: the directions of the pairs in a pass, times ε. */
import type { Example } from "../corpus/corpus.ts";
import type { Tensor } from "../runtime.ts";
import type { SignInput } from "./context.ts";
import { fillSigns, Side, signAt, type DirectionKey } from "./directions.ts";

/** One evaluation point: an example (by its index in the corpus) moved along one of its directions. */
export interface Pair {
  readonly example: number;
  readonly direction: number;
  /** Index of the only parameter to move, or of several; all of them where absent. */
  readonly only?: number | ReadonlySet<number>;
  /** First example of the block that shares directions, where parameters can only move as a whole. */
  readonly block?: number;
}

/** A row of a batch: a pair, and ε times the sign of its group. */
export interface Row {
  readonly pair: Pair;
  readonly magnitude: number;
}

export class SignFeeds {
  private readonly seed: number;
  private readonly examples: readonly Example[];
  private readonly buffers = new Map<string, Float32Array>();

  constructor(seed: number, examples: readonly Example[]) {
    this.seed = seed;
    this.examples = examples;
  }

  /** The tensor for `input`; its data is overwritten by the next call for the same input. */
  tensor(input: SignInput, rows: readonly Row[], length: number): Tensor {
    const { form, parameter, side, dims } = input;
    const width = form === "tokens" ? length : (dims[dims.length - 1] as number);
    const height = form === "shared" ? 1 : rows.length;
    const data = this.buffer(input.name, height * width);
    // Each group repeats the pairs of the first: its rows are copies, with other signs of ε.
    const again = rows.findIndex(({ pair }, r) => r > 0 && pair === rows[0]!.pair);
    const period = again < 0 ? Infinity : again;
    for (let r = 0; r < height; r++) {
      const { pair, magnitude } = rows[r]!;
      const twin = r >= period ? r - period : -1;
      if (
        twin >= 0 &&
        copyRow(data, twin, r, width, side === Side.columns ? 1 : magnitude / rows[twin]!.magnitude)
      )
        continue;
      const moves = movesIn(pair, parameter.index);
      // ε sits in the row side alone; a parameter that stands still is multiplied by zero there.
      const scale = side === Side.columns ? 1 : moves ? magnitude : 0;
      const key: DirectionKey = {
        seed: this.seed,
        direction: pair.direction,
        example: form === "shared" ? (pair.block ?? pair.example) : pair.example,
        tensor: parameter.index,
        side,
      };
      const offset = r * width;
      if (scale === 0) data.fill(0, offset, offset + width);
      else if (form === "tokens") {
        const ids = this.examples[pair.example]!.inputIds;
        for (let t = 0; t < width; t++) data[offset + t] = scale * signAt(ids[t] ?? 0, key);
      } else fillSigns(data, offset, width, key, scale);
    }
    return { type: "float32", dims: form === "shared" ? [width] : [height, width], data };
  }

  /** Feeds are overwritten from pass to pass: no runtime keeps them once a run is over. */
  private buffer(name: string, size: number): Float32Array {
    let buffer = this.buffers.get(name);
    if (!buffer || buffer.length < size) {
      buffer = new Float32Array(size);
      this.buffers.set(name, buffer);
    }
    return buffer.length === size ? buffer : buffer.subarray(0, size);
  }
}

function movesIn({ only }: Pair, parameter: number): boolean {
  return only === undefined || (typeof only === "number" ? only === parameter : only.has(parameter));
}

/** Copies a row of signs times ±1; false (nothing copied) where the factor is another. */
function copyRow(data: Float32Array, from: number, to: number, width: number, factor: number): boolean {
  if (factor !== 1 && factor !== -1) return false;
  data.copyWithin(to * width, from * width, (from + 1) * width);
  if (factor === -1) for (let i = to * width; i < (to + 1) * width; i++) data[i] = -data[i]!;
  return true;
}
