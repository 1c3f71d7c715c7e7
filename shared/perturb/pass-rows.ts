/** The rows of a pass: which of them hold what, and the tensors that say so. */
import type { Example, Target } from "../corpus/corpus.ts";
import type { Tensor } from "../runtime.ts";
import type { Pair } from "./sign-feeds.ts";

/** Where no exact trace is wanted one row stands in: not every kernel takes tensors without elements. */
export const NO_ROWS: readonly number[] = [0];

/** The whole numbers from `first` up to but not including `end`. */
export function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i);
}

export function longest(examples: readonly Example[], pairs: readonly Pair[]): number {
  return pairs.reduce((max, { example }) => Math.max(max, examples[example]!.inputIds.length), 0);
}

/** For each labelled token of the pairs, the labelled row that holds it at θ. */
export function baseRows(
  pairs: readonly Pair[],
  still: readonly number[],
  targets: readonly (readonly Target[])[],
): number[] {
  const offsets: number[] = [];
  let offset = 0;
  for (const list of targets) {
    offsets.push(offset);
    offset += list.length;
  }
  return pairs.flatMap(({ example }, i) => {
    const first = offsets[pairs.length + still.indexOf(example)]!;
    return targets[i]!.map((_, t) => first + t);
  });
}

/** The last row's targets with the last of them twice. */
export function repeatLast(labels: readonly (readonly Target[])[]): readonly Target[] {
  const row = labels[labels.length - 1]!;
  return [...row, row[row.length - 1]!];
}

export function joinRows(parts: readonly Tensor[]): Tensor {
  const width = parts[0]!.dims[1]!;
  const rows = parts.reduce((sum, { dims }) => sum + dims[0]!, 0);
  const data = new Float32Array(rows * width);
  let offset = 0;
  for (const part of parts) {
    data.set(part.data as Float32Array, offset);
    offset += part.data.length;
  }
  return { type: "float32", dims: [rows, width], data };
}

export function float32(values: readonly number[]): Tensor {
  return { type: "float32", dims: [values.length], data: Float32Array.from(values) };
}

export function int64(values: readonly number[]): Tensor {
  return { type: "int64", dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}
