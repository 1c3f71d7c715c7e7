/**
 * How the axes of a value relate to the examples of a batch.
 *
 * Found by running the model on three examples and on two of them and looking at sums over the last axis, rather than
 * by shape inference over every operator there is.
 */
import type { Tensor } from "../runtime.ts";

export type Layout =
  /** One axis indexes examples; `rank` axes in all. */
  | {
      readonly kind: "batched";
      readonly axis: number;
      readonly rank: number;
      readonly dims: readonly number[];
    }
  /** The first axis runs over examples and positions; `exampleMajor`: all positions of an example stand together. */
  | { readonly kind: "flattened"; readonly exampleMajor: boolean; readonly dims: readonly number[] }
  /** The first axis runs over labelled tokens; a graph input says which example each belongs to. */
  | { readonly kind: "labelled" }
  /** The same for all examples. */
  | { readonly kind: "unbatched"; readonly rank: number; readonly dims: readonly number[] };

/** Examples in the larger and in the smaller of the two runs. */
export const PROBE_ROWS = [3, 2] as const;

/**
 * The layout of a value, from its fingerprints (sums over the last axis kept as 1, or integers as they are) in a run on
 * examples 0, 1, 2 and in one on examples 1, 2. Null where they fit no layout.
 */
export function inferLayout(three: Tensor, two: Tensor): Layout | null {
  const [large, small] = PROBE_ROWS;
  const rank = three.dims.length;
  if (rank !== two.dims.length) return null;
  const dims = two.dims;
  const changed = three.dims.flatMap((dim, axis) => (dim !== dims[axis] ? [axis] : []));
  if (changed.length === 0) return { kind: "unbatched", rank, dims };
  const axis = changed[0]!;
  if (changed.length > 1) return null;
  if (three.dims[axis] === large && dims[axis] === small) return { kind: "batched", axis, rank, dims };
  const perExample = dims[axis]! / small;
  if (axis !== 0 || !Number.isInteger(perExample) || three.dims[axis] !== perExample * large) return null;
  const width = dims.slice(1).reduce((product, dim) => product * dim, 1);
  const distance = (rowOf: (rows: number, example: number, position: number) => number) => {
    let sum = 0;
    for (let example = 1; example < large; example++) {
      for (let position = 0; position < perExample; position++) {
        for (let j = 0; j < width; j++) {
          const a = three.data[rowOf(large, example, position) * width + j];
          const b = two.data[rowOf(small, example - 1, position) * width + j];
          sum += Math.abs(Number(a) - Number(b)) || 0;
        }
      }
    }
    return sum;
  };
  const exampleMajor = distance((_, example, position) => example * perExample + position);
  const positionMajor = distance((rows, example, position) => position * rows + example);
  return { kind: "flattened", exampleMajor: exampleMajor <= positionMajor, dims };
}
