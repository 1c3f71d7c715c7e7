/** Recognises constants that are no parameters: scalars, masks, rotary and sinusoidal tables, quantisation scales. */
import type { TensorProto } from "onnx-buf";
import type { Graph } from "./graph.ts";
import type { Use } from "./uses.ts";
import { dimsOf, elementCount, isFloat, readValues } from "./weights.ts";

/** Operands that hold a setting rather than a weight, by operator. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  Pow: [1],
  Clip: [1, 2],
  Pad: [2],
  OneHot: [1, 2],
  Range: [0, 1, 2],
  ConstantOfShape: [0],
  Resize: [1, 2],
  DequantizeLinear: [1, 2],
  QuantizeLinear: [1, 2],
  MatMulNBits: [2, 3],
  GatherBlockQuantized: [2, 3],
  RotaryEmbedding: [2, 3],
  GroupQueryAttention: [7, 8],
};
/** Below this, an additive constant only serves to switch attention off. */
const MASKED = -1e3;
/** Rotary frequencies and tables are recognised in their first rows; reading more tells nothing new. */
const ROWS_READ = 3;

/** Why the constant is no parameter, or null where it is one. */
export async function constantReason(
  graph: Graph,
  tensor: TensorProto,
  uses: readonly Use[],
): Promise<string | null> {
  const dims = dimsOf(tensor);
  const count = elementCount(dims);
  if (count <= 1) return "a scalar";
  if (uses.length === 0) return "unused";
  const setting = uses.find(({ node, operand }) => SETTINGS[node.opType]?.includes(operand));
  if (setting && uses.every(({ node, operand }) => SETTINGS[node.opType]?.includes(operand))) {
    return `a setting of ${setting.node.opType}`;
  }
  if (!isFloat(tensor.dataType)) return null;
  const read = (from: number, length: number) => readValues(tensor, graph.sources, from, length);
  if (uses.every(({ node }) => MASK_READERS.has(node.opType))) {
    const sample = await read(0, Math.min(count, 4096));
    if (sample.some((v) => v < MASKED) && sample.every((v) => v < MASKED || v === 0 || v === 1))
      return "a mask";
  }
  const longest = Math.max(...dims);
  if (longest === count) {
    const hinted = [tensor.name, ...uses.map(({ node }) => node.name)].some((name) =>
      /rotary|inv_freq/.test(name),
    );
    if ((count >= 4 || hinted) && isGeometric(await read(0, count))) return "rotary frequencies";
  } else if (dims.length >= 2) {
    const [rows, width] = [dims[dims.length - 2]!, dims[dims.length - 1]!];
    if (rows >= ROWS_READ && width >= 2 && isSinusoidal(await read(0, ROWS_READ * width), width)) {
      return "a table of sines and cosines";
    }
  }
  return null;
}

const MASK_READERS = new Set(["Add", "Where", "Mul", "Slice", "Gather", "Expand", "Min", "Concat"]);

/** 1, r, r², …: the inverse frequencies of rotary embeddings (Su et al. 2021). */
function isGeometric(values: ArrayLike<number>): boolean {
  const ratio = values[1]! / values[0]!;
  if (values[0] !== 1 || !(ratio > 0 && ratio < 1)) return false;
  for (let i = 2; i < values.length; i++) {
    if (Math.abs(values[i]! / values[i - 1]! - ratio) > 2e-3 * ratio) return false;
  }
  return true;
}

/** Row t of column f is cos(tω) or sin(tω): the double-angle formulas must hold between rows 1 and 2. */
function isSinusoidal(values: ArrayLike<number>, width: number): boolean {
  for (let f = 0; f < width; f++) {
    const [v0, v1, v2] = [values[f]!, values[width + f]!, values[2 * width + f]!];
    const cosine = v0 === 1 && Math.abs(v2 - (2 * v1 * v1 - 1)) < 2e-3;
    const sine =
      v0 === 0 &&
      Math.abs(v2 * v2 - 4 * v1 * v1 * (1 - v1 * v1)) < 2e-3 &&
      Math.abs(v1) <= 1 &&
      v2 * v1 !== 0;
    if (!cosine && !sine) return false;
  }
  // All-equal columns (fresh scales of one) satisfy the formulas with ω = 0.
  return Array.from({ length: width }, (_, f) => values[width + f]).some((v) => v !== 0 && v !== 1);
}
